#!/bin/sh
# What `make test-openclaw` needs beyond `make test`: OpenClaw itself and a framework of agents, from npm,
# in .test/openclaw (600 MB). Node, Playwright and Chromium are there already.
set -eu
sh tools/npm_environment.sh openclaw acceptance_tests/openclaw/npm
