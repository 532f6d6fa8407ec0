#!/bin/sh
# Debian's Telegram Desktop, where none is installed and this user may install one; `teamgram client desktop` says the rest.
set -eu

if command -v telegram-desktop >/dev/null || command -v Telegram >/dev/null || ! command -v apt-get >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    root=
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    root=sudo
else
    exit 0
fi
echo "installing Debian's telegram-desktop"
$root apt-get install -y -q telegram-desktop || {
    # Debian 13 has none: what else there is says the command that comes next.
    $root apt-get update -q && $root apt-get install -y -q telegram-desktop || true
}
