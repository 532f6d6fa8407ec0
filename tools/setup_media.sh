#!/bin/sh
# What `make test-media` needs beyond `make test`: the compiled cipher that
# kurigram and Pyrogram recommend to whoever moves files. Without it (no wheel
# and no compiler) they take half an hour for 100 MB on a busy machine.
set -u
for name in kurigram pyrogram; do
    ".test/$name/bin/python" -m pip install -q --disable-pip-version-check TgCrypto==1.2.5 ||
        echo "setup: $name goes on without a compiled cipher" >&2
done
