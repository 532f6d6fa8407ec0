#!/bin/sh
# What `make test` needs beyond `make setup`: the test libraries in .venv and,
# below .test, one environment for each client library that cannot share one.
# npm and Chromium come from Debian: installed here where that is allowed, else
# the command to type is printed.
set -eu
pip="-m pip install -q --disable-pip-version-check"

echo "setup: installing the test libraries"
.venv/bin/python $pip -e '.[test]'

fail() { echo "setup: $*" >&2; exit 1; }

debian_packages() {
    missing=""
    command -v node >/dev/null 2>&1 || missing="$missing nodejs"
    command -v npm >/dev/null 2>&1 || missing="$missing npm"
    command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
    [ -z "$missing" ] && return
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || fail "missing:$missing; type: sudo apt-get install$missing"
    echo "setup: installing$missing"
    # shellcheck disable=SC2086  # a list of words
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } \
        >/dev/null || fail "apt-get install$missing failed; its message is above"
}

mkdir -p .test
debian_packages
# OpenClaw's client wants a newer Node than Debian's, so this brings that too.
sh tools/npm_environment.sh npm trial_tests/openclaw/npm
sh tools/npm_environment.sh node trial_tests/clients/npm
sh tools/python_environment.sh kurigram kurigram==2.2.26
sh tools/python_environment.sh pyrogram pyrogram==2.0.106
sh tools/python_environment.sh telethon-old telethon==1.36.0
sh tools/python_environment.sh ptb python-telegram-bot==22.8
sh tools/python_environment.sh aiogram aiogram==3.31.0
sh tools/python_environment.sh telebot pyTelegramBotAPI==4.37.1 aiohttp==3.13.2
# The test writes our address into the machine code of this very build.
if [ "$(uname -sm)" = "Linux x86_64" ]; then sh tools/python_environment.sh tdlib tdjson==1.8.69; fi
sh tools/setup_s3.sh
