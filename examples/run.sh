#!/usr/bin/env bash
# Installs what is needed (Debian 12), builds the push server in release mode, and runs it with its
# demo page. Options are passed on: examples/run.sh --clients 0.0.0.0:8080
set -euo pipefail
cd "$(dirname "$0")/.."
source examples/install.sh
install_packages g++ cmake ninja-build libboost1.81-dev libcli11-dev libssl-dev

cmake --preset release -DCRIER_BUILD_TESTS=OFF
cmake --build --preset release --target push_server

if (($# == 0)); then
    set -- --clients 127.0.0.1:1234 --backend 127.0.0.1:5678
    echo
    echo "Open http://127.0.0.1:1234/ and push to it from another terminal: examples/bash/push.sh"
    echo
fi
exec build/release/examples/push_server/push_server "$@"
