#!/bin/sh
# python_environment.sh NAME PACKAGE...: those packages in .test/NAME; nothing
# to do when they are there already.
set -eu
name=$1; shift
ready=".test/$name/.ready-$(echo "$*" | cksum | cut -d' ' -f1)"
[ -f "$ready" ] && exit
echo "setup: installing the client library $*"
rm -rf ".test/$name"
.venv/bin/python -m venv ".test/$name"
".test/$name/bin/python" -m pip install -q --disable-pip-version-check "$@"
touch "$ready"
