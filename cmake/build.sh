#!/bin/bash
# Configures a preset when needed and builds targets of it.
#
#   cmake/build.sh PRESET [-DNAME=VALUE...] [target...]      without a target: everything
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
definitions=()
while [[ ${1:-} == -D* ]]; do definitions+=("$1"); shift; done

. build/environment   # written by cmake/setup.sh
definitions+=("-DLITEBENCH_PYTHON=$LITEBENCH_PYTHON")
# The fuzzers are torch-free: nothing there would use the variable, and CMake would say so every time.
[ "$preset" = fuzz ] || definitions+=("-DTorchWheel_ROOT=$TORCH_ROOT")
stamp=build/$preset/.configured-with
if [ ! -f "build/$preset/build.ninja" ] || [ "$(cat "$stamp" 2>/dev/null)" != "${definitions[*]}" ]; then
  cmake --preset "$preset" "${definitions[@]}"
  echo "${definitions[*]}" > "$stamp"
fi
cmake --build --preset "$preset" ${1:+--target "$@"}
