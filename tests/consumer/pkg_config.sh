#!/usr/bin/env bash
# Builds and runs main.cpp with what pkg-config says: pkg_config.sh PREFIX OUTPUT COMPILER FLAGS...
set -euo pipefail
prefix=$1 output=$2
shift 2
export PKG_CONFIG_PATH=$prefix/share/pkgconfig
read -ra flags <<<"$(pkg-config --cflags --libs crier)"
"$@" -std=c++20 "$(dirname "$0")/main.cpp" "${flags[@]}" -o "$output"
"$output"
