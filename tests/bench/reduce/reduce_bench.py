"""litebench-reduce over 1,000,000 units and 3,000,000 expressions in 64 shards: time and memory with and without resampling.

Targets (2 cores, warm page cache): 12 s and 2 GiB without resampling, 30 s with every table at 10,000 draws.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(os.environ["LITEBENCH_BIN"])
IMAGES = int(sys.argv[1]) if len(sys.argv) > 1 else 4032  # 8 splits × 4032 images × 31 units


def reduce(run, output, tables):
    """Seconds on the wall, of CPU, and peak MiB of one reduction."""
    started = time.monotonic()
    process = subprocess.Popen([BIN / "litebench-reduce", run, "--output", output, "--tables", tables], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, status
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = folder / "run"
        subprocess.run([BIN / "analysis_make_large_run", run, str(IMAGES), "8", "100", "--shards", "64"], check=True)
        plain, full, draws = folder / "plain.toml", folder / "full.toml", folder / "main.toml"
        plain.write_text("[tables]\ndraws = 0\n")
        draws.write_text('[tables]\ninclude = ["main", "efficiency", "comparisons"]\n')
        full.write_text("[tables]\n")
        reduce(run, folder / "out", plain)  # warms the page cache
        rows = [("rows, results.h5, tables without intervals", *reduce(run, folder / "out", plain), 12, 2048),
                ("the same with intervals and tests of the main tables", *reduce(run, folder / "out", draws), 30, None),
                ("every table, 10,000 draws", *reduce(run, folder / "out", full), 30, None)]
        print(f"{8 * IMAGES * 31:,} accuracy units, {3 * 8 * IMAGES * 31:,} expressions, {os.cpu_count()} cores, "
              f"load {os.getloadavg()[0]:.1f}")
        late = False
        for title, wall, cpu, peak, seconds, mebibytes in rows:
            limit = f"target {seconds} s" + (f", {mebibytes} MiB" if mebibytes else "")
            print(f"{title:55} {wall:6.1f} s  {cpu:6.1f} s CPU  {peak:6.0f} MiB  ({limit}; {wall / rows[0][1]:.2f} × the first)")
            late = late or wall > seconds or (mebibytes is not None and peak > mebibytes)
        return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
