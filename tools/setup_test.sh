#!/bin/sh
# What `make test` needs beyond `make setup`: the test libraries in .venv and,
# below .test, one environment for each client library that cannot share one.
set -eu
pip="-m pip install -q --disable-pip-version-check"

echo "setup: installing the test libraries"
.venv/bin/python $pip -e '.[test]'

environment() {
    name=$1; shift
    [ -f ".test/$name/.ready-$(echo "$*" | cksum | cut -d' ' -f1)" ] && return
    echo "setup: installing the client library $*"
    rm -rf ".test/$name"
    .venv/bin/python -m venv ".test/$name"
    ".test/$name/bin/python" $pip "$@"
    touch ".test/$name/.ready-$(echo "$*" | cksum | cut -d' ' -f1)"
}

mkdir -p .test
environment kurigram kurigram==2.2.26
environment pyrogram pyrogram==2.0.106
environment telethon-old telethon==1.36.0
