#!/bin/sh
# npm_environment.sh NAME DIRECTORY: what DIRECTORY/package-lock.json says, as
# .test/NAME; nothing to do when it is there already. No package's own scripts
# run, so that nothing comes from anywhere but the registry.
set -eu
name=$1 from=$2
ready=".test/$name/.ready-$(cat "$from/package.json" "$from/package-lock.json" | cksum | cut -d' ' -f1)"
[ -f "$ready" ] && exit
echo "setup: installing what $from/package.json names"
rm -rf ".test/$name"
mkdir -p ".test/$name"
cp "$from/package.json" "$from/package-lock.json" ".test/$name"
(cd ".test/$name" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) || {
    echo "setup: npm could not install $from" >&2
    exit 1
}
touch "$ready"
