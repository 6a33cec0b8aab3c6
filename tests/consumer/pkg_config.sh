#!/usr/bin/env bash
# Builds and runs a program with what pkg-config says of a package:
# pkg_config.sh PREFIX PACKAGE SOURCE OUTPUT COMPILER FLAGS...
set -euo pipefail
prefix=$1 package=$2 source=$3 output=$4
shift 4
export PKG_CONFIG_PATH=$prefix/share/pkgconfig
read -ra flags <<<"$(pkg-config --cflags --libs "$package")"
"$@" -std=c++20 "$source" "${flags[@]}" -o "$output"
"$output"
