#!/bin/sh
# Makes .venv and installs the project into it. $1: the Python to use.
# On Debian the venv module comes in a package of its own: installed here
# where that is allowed, else the command to type is printed.
set -eu
python=$1

fail() { echo "setup: $*" >&2; exit 1; }

command -v "$python" >/dev/null 2>&1 || fail "no $python here; install it (Debian: apt-get install python3 python3-venv) or set PYTHON="
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$($python --version) is too old; Python 3.11 or newer is needed (set PYTHON=)"

if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "setup: installing python3-venv"
        apt-get update -qq >/dev/null && apt-get install -y -qq python3-venv >/dev/null || fail "apt-get install python3-venv failed"
    else
        fail "python3-venv is missing; type: sudo apt-get install python3-venv"
    fi
fi

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
    echo "setup: making .venv"
    rm -rf .venv
    "$python" -m venv .venv
fi
echo "setup: installing the server and its libraries into .venv (a minute on the first run)"
.venv/bin/python -m pip install -q --disable-pip-version-check -e . || fail "pip could not install the libraries; its message is above"
.venv/bin/python -m compileall -q teamgram twisted/plugins >/dev/null 2>&1 || true
echo "setup: done"
