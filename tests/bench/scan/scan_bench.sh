#!/bin/sh
# A run of a million units and three million expressions in 64 shards, and what scanning it costs.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$LITEBENCH_BIN/analysis_make_large_run" "$folder/run" 4032 8 100 --shards 64
"$LITEBENCH_BIN/scan_bench" "$folder/run"
