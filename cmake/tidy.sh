#!/bin/bash
# clang-tidy over the sources that differ from a branch (default: main), or over the files named.
#
#   cmake/tidy.sh [--against BRANCH] [file...]
#
# Reads the compile commands of a configuration without precompiled headers: clang cannot read gcc's.
set -euo pipefail
cd "$(dirname "$0")/.."
against=main
if [ "${1:-}" = --against ]; then against=$2; shift 2; fi
command -v clang-tidy >/dev/null || { echo "tidy: clang-tidy is missing; apt-get install clang-tidy" >&2; exit 69; }
cmake/setup.sh full
. build/environment
cmake --preset release -B build/tidy -DLITEBENCH_PCH=OFF -DLITEBENCH_CUDA=OFF -DTorchWheel_ROOT="$TORCH_ROOT" \
  -DLITEBENCH_PYTHON="$LITEBENCH_PYTHON" >/dev/null
if [ $# = 0 ]; then
  mapfile -t changed < <(git diff --name-only --diff-filter=d "$against" -- '*.cpp' | grep -v '^model/cuda/' || true)
  set -- "${changed[@]}"
fi
[ $# -gt 0 ] || { echo "tidy: nothing differs from $against"; exit 0; }
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p build/tidy
