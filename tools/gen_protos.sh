#!/bin/sh
# Makes the Python modules of teamgram/cluster/protos/*.proto, beside them. Needs nothing but pip: protoc and grpclib's
# plugin come into an environment of their own below .test.
set -eu
sh tools/python_environment.sh protos grpcio-tools==1.76.0 grpclib==0.4.9 "protobuf==6.33.1" "setuptools<81"
bin=.test/protos/bin
PATH="$bin:$PATH" "$bin/python" -m grpc_tools.protoc -I. \
    --python_out=. --pyi_out=. --grpclib_python_out=. teamgram/cluster/protos/*.proto
