#!/usr/bin/env bash
# Installs what is needed (Debian 12), builds everything and runs all tests.
#
# tests/run.sh              all stages
# tests/run.sh release ...  only these: format analysers release faults gcc consumers asan tsan fuzz coverage
set -euo pipefail
cd "$(dirname "$0")/.."
source examples/install.sh
export CMAKE_GENERATOR=Ninja # make may be missing

install_packages git g++ clang-14 clang clang-19 libclang-rt-14-dev clang-format-14 clang-format cmake ninja-build \
    clang-tidy-19 cppcheck llvm-14 ccache pkg-config python3 libboost1.81-dev libboost-test1.81-dev libboost-json1.81-dev \
    libcli11-dev libssl-dev zlib1g-dev php-cli nodejs node-ws nginx chromium chromium-driver valgrind \
    libnginx-mod-nchan libwebsocketpp-dev nftables iproute2 faketime

stage() {
    printf '\n==== %s (%d s so far) ====\n' "$1" "$SECONDS"
}

format() {
    stage "format"
    git ls-files '*.hpp' '*.ipp' '*.cpp' | xargs clang-format-14 --dry-run -Werror
    python3 tests/checks/test_check_rings.py
    python3 tests/checks/check_rings.py
}

analysers() {
    stage "clang-tidy and cppcheck"
    python3 tests/checks/analyse.py
}

release() {
    stage "release: the programs, with g++, warnings are errors"
    cmake --preset release -DCRIER_BUILD_TESTS=OFF
    cmake --build --preset release
    python3 tests/checks/check_unchosen.py build/release/examples/1_minimal
    stage "conformance to RFC 6455"
    python3 tests/conformance/rfc6455.py \
        --server build/release/examples/websocket_echo/websocket_echo
    stage "conformance to RFC 7692"
    python3 tests/conformance/rfc7692.py \
        --server build/release/examples/websocket_echo/websocket_echo
    stage "end to end: PHP, Chromium, Node, nginx"
    CRIER_PUSH_SERVER=build/release/examples/push_server/push_server python3 tests/e2e/run.py
    stage "instructions for each push, and what the server costs to build"
    python3 tests/bench/test_budgets.py
    python3 tests/bench/test_run.py
    python3 tests/bench/instructions.py --check
    python3 tests/bench/build_cost.py --check
    stage "the bench: each server delivers all of it, and it notices who does not"
    cmake -S tests/bench -B build/bench -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=ON
    cmake --build build/bench
    ctest --test-dir build/bench --output-on-failure -j2
    python3 tests/bench/run.py --verify
}

# With the programs of the stage release.
faults() {
    stage "attacks on the push server, with correct peers beside them"
    python3 tests/faults/run.py --server build/release/examples/push_server/push_server --self-test
    python3 tests/faults/run.py --server build/release/examples/push_server/push_server --brief
    stage "a minute of the soak: does it still judge?"
    python3 tests/soak/soak.py --server build/release/examples/push_server/push_server \
        --minutes 0.9 --life-minutes 0.4 --pages 300 --churn 30 --reload-seconds 3 --stop-seconds 4
}

gcc() {
    stage "g++, warnings are errors"
    cmake --preset gcc -DCRIER_BUILD_EXAMPLES=OFF -DCMAKE_CXX_FLAGS_DEBUG=-O0 # -g takes a quarter more time
    cmake --build --preset gcc
    CRIER_MODEL_STEPS=2000000 ctest --preset gcc -j2
    stage "each header compiles alone"
    cmake --build --preset gcc --target all_verify_interface_header_sets
}

# What the stage gcc does for g++; nothing of crier's own is built. What is said of mistakes is much the same with
# each clang.
consumers() {
    local preset
    for preset in clang clang-19; do
        stage "$preset: projects that use crier, and what is said of mistakes"
        cmake --preset "$preset" -DCRIER_BUILD_EXAMPLES=OFF
        ctest --preset "$preset" -L compiler -j2
    done
}

# To inflate messages of 64 MiB takes so long here that others, on the same thread, wait for longer than the suite does.
asan() {
    stage "clang, address and undefined behaviour sanitizers"
    cmake --preset asan
    cmake --build --preset asan
    ctest --preset asan -LE compiler -j2
    python3 tests/conformance/rfc6455.py \
        --server build/asan/examples/websocket_echo/websocket_echo
    CRIER_PATIENCE_SECONDS=60 python3 tests/conformance/rfc7692.py --jobs 1 \
        --server build/asan/examples/websocket_echo/websocket_echo
    stage "the push server with these sanitizers: its command line, guards, daemon and log"
    CRIER_PUSH_SERVER=build/asan/examples/push_server/push_server \
        python3 tests/e2e/run.py -k test_cli -k test_guards -k test_daemon -k test_log
}

tsan() {
    stage "clang, thread sanitizer"
    cmake --preset tsan -DCRIER_BUILD_EXAMPLES=OFF
    cmake --build --preset tsan
    ctest --preset tsan -LE compiler -j2
    stage "the push server with this sanitizer: its guards and its log"
    cmake --preset tsan -DCRIER_BUILD_EXAMPLES=ON
    cmake --build --preset tsan --target push_server
    CRIER_PUSH_SERVER=build/tsan/examples/push_server/push_server python3 tests/e2e/run.py -k test_guards -k test_log
}

# CRIER_FUZZ_SECONDS: how long each target runs, two at a time; 60 if it is not set.
fuzz() {
    stage "libFuzzer: each decoder and the whole server for a while"
    cmake --preset fuzz
    cmake --build --preset fuzz
    python3 tests/fuzz/run.py
}

coverage() {
    stage "coverage, and all branches of the decoders, the parser, the registries and the outbox"
    cmake --preset coverage -DCRIER_BUILD_EXAMPLES=OFF
    cmake --build --preset coverage --target unit security in_memory
    python3 tests/checks/coverage.py build/coverage
}

(($#)) || set -- format analysers release faults gcc consumers asan tsan fuzz coverage
for name in "$@"; do
    "$name"
done
stage "all passed"
