#!/usr/bin/env bash
# Rewrite the lock files from pyproject.toml: hashes, no index addresses. Needs uv on PATH.
set -eu
cd "$(dirname "$0")/.."
compile() { uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml "$@"; }
compile -o requirements/run.lock
compile --extra dev -o requirements/dev.lock
compile --extra dev --extra bench -o requirements/bench.lock
