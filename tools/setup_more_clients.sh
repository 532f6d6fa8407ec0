#!/bin/sh
# What `make test-more-clients` needs beyond `make test`: client libraries of
# Python and Node below .test, and, where go and cargo are there, programs built
# from gotd (6 minutes on one core, 1.5 GB of Go's caches) and grammers (4 minutes).
set -eu
project=$PWD
clients=acceptance_tests/clients

sh tools/npm_environment.sh more-npm $clients/npm
sh tools/python_environment.sh telethon-1.25 telethon==1.25.4
sh tools/python_environment.sh pyrotgfork pyrotgfork==2.2.24.1
mkdir -p .test/more

# Pages for Chromium. GramJS wants to be told what stands for Node's modules.
modules=$project/.test/more-npm/node_modules
bundle() {
    page=$1; shift
    NODE_PATH=$modules "$modules/.bin/esbuild" "$clients/browser/$page" --outfile=".test/more/browser/$page" \
        --bundle --platform=browser --format=iife --log-level=error "$@"
}
bundle_gramjs() {
    nothing=$project/$clients/browser/nothing.cjs
    bundle gramjs.js --define:process.env.NODE_ENV='"production"' --define:global=window \
        "--inject:$clients/browser/node_names.js" "--alias:crypto=$modules/telegram/crypto/crypto.js" \
        --alias:path=path-browserify --alias:os=os-browserify/browser --alias:stream=stream-browserify \
        --alias:constants=constants-browserify "--alias:fs=$nothing" "--alias:net=$nothing" "--alias:socks=$nothing" \
        "--alias:graceful-fs=$nothing" "--alias:node-localstorage=$nothing"
}
rm -rf .test/more/browser
echo "setup: bundling the pages"
bundle_gramjs
bundle mtcute.js
cp "$modules/@mtcute/wasm/mtcute.wasm" .test/more/browser/

if command -v go >/dev/null 2>&1; then
    echo "setup: building with gotd"
    (cd $clients/gotd && nice go build -p 1 -o "$project/.test/more/gotd" .)
else
    echo "setup: no go, so gotd is left out" >&2
fi

# grammers takes the address as an option, its key is compiled in: a copy of
# grammers-mtproto looks for another one where it knows none.
grammers() {
    rm -rf .test/more/grammers-source .test/more/grammers-mtproto
    cp -R $clients/grammers .test/more/grammers-source
    cd .test/more/grammers-source
    original=$(cargo metadata --locked --format-version 1 | "$project/.venv/bin/python" -c '
import json, sys
packages = json.load(sys.stdin)["packages"]
print(next(p["manifest_path"] for p in packages if p["name"] == "grammers-mtproto"))')
    cp -R "$(dirname "$original")" ../grammers-mtproto
    key='rsa::Key::new(\&std::env::var("GRAMMERS_SERVER_MODULUS").ok()?, "65537")?'
    sed -i "s/_ => return None\$/_ => $key/" ../grammers-mtproto/src/authentication.rs
    CARGO_TARGET_DIR=../grammers-target nice cargo build -q -j1 \
        --config "patch.crates-io.grammers-mtproto.path='$project/.test/more/grammers-mtproto'"
    cp ../grammers-target/debug/grammers-driver ../grammers
    cd "$project"
    touch "$1"
}
if command -v cargo >/dev/null 2>&1; then
    ready=".test/more/.ready-$(cat $clients/grammers/Cargo.* $clients/grammers/src/* | cksum | cut -d' ' -f1)"
    [ -f "$ready" ] || { echo "setup: building with grammers"; grammers "$ready"; }
else
    echo "setup: no cargo, so grammers is left out" >&2
fi
