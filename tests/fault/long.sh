#!/bin/bash
# The long versions of the fault tests, half an hour or more: `make faults`. What it prints goes under docs/measured.
#
#   KILLS=200  kills of ranks, jobs and mpirun over 1 to 8 ranks       FLIPS=10000  flipped bits, under ASan and UBSan
#   FULL=50    starts on a disk that is too small                      SEED=1       of the kills
set -euo pipefail
cd "$(dirname "$0")/../.."
. build/environment
bin=$PWD/build/release/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "== every byte of a shard's tail cut off, ${FLIPS:=10000} flipped bits (ASan, UBSan)"
LITEBENCH_ROUNDS=$FLIPS build/asan/bin/tests_shards_store --gtest_brief=1 \
  --gtest_filter='TruncatedShard.*:DamagedShard.*'

echo "== ${FULL:=50} starts on a full disk"
LITEBENCH_BIN=$bin LITEBENCH_ROUNDS=$FULL OMP_NUM_THREADS=1 "$LITEBENCH_PYTHON" -m pytest -q -s -p no:cacheprovider \
  tests/fault/storage_test.py -k random_points

echo "== ${KILLS:=200} kills, seed ${SEED:=1}; then $((KILLS / 10)) of a run with a latency pass, whose times must stay"
golden=tests/golden/tiny
cat > "$work/sweep.toml" <<TOML
[run]
output = "$work/run"
[model]
glamm = "$golden/glamm"
clip = "$golden/clip"
dtype = "fp32"
[data]
root = "$golden/data/Refer_Segm"
splits = ["refcoco/val", "refcoco/testA", "refcoco+/val", "refcocog/test"]
[[sweep]]
method = "none"
[[sweep]]
method = "litelvlm"
tokens = [192, 64]
TOML
OMP_NUM_THREADS=1 "$bin/litebench" chaos --config "$work/sweep.toml" --seed "$SEED" --kills "$KILLS" --ranks 8 --corrupt 1
printf '[passes.latency]\nimages = 1\nrepeats = 2\n' >> "$work/sweep.toml"
OMP_NUM_THREADS=1 "$bin/litebench" chaos --config "$work/sweep.toml" --seed "$SEED" --kills $((KILLS / 10)) --ranks 8
