#!/bin/sh
# versitygw below .test: a real S3-compatible server that keeps objects as files, for the tests of the S3 engine.
# It is built from its Go module (two minutes once); without Go 1.23 or newer those tests are skipped and say so.
set -eu
version=v1.8.0
there=.test/versitygw/$version
[ -x "$there/versitygw" ] && exit 0
command -v go >/dev/null 2>&1 || { echo "setup: no Go, so no S3 server: the tests of the S3 engine are skipped" >&2; exit 0; }
echo "setup: building versitygw $version (an S3 server)"
mkdir -p "$there"
GOBIN=$(cd "$there" && pwd) GOTOOLCHAIN=local go install "github.com/versity/versitygw/cmd/versitygw@$version" ||
    echo "setup: versitygw could not be built: the tests of the S3 engine are skipped" >&2
