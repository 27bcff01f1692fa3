"""litebench-reduce over 1,000,000 units and 3,000,000 expressions in 64 shards: time and memory with and without resampling.

Targets (2 cores, warm page cache): 12 s and 2 GiB without resampling, 30 s with every table at 10,000 draws.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
from tests.bench.ratios import Ratios  # noqa: E402

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
        ratios = Ratios("reduce", f"{8 * IMAGES * 31:,} accuracy units, {3 * 8 * IMAGES * 31:,} expressions, {os.cpu_count()} cores")
        for title, wall, cpu, peak, seconds, mebibytes in rows:
            print(f"  {title}: {wall:.1f} s, {cpu:.1f} s CPU, {peak:.0f} MiB")
            ratios.add(f"{title}: time / {seconds} s", wall / seconds, most=1)
            if mebibytes is not None:
                ratios.add(f"{title}: peak / {mebibytes} MiB", peak / mebibytes, most=1)
        ratios.add("every table / without intervals", rows[2][1] / rows[0][1])
        return ratios.finish()


if __name__ == "__main__":
    sys.exit(main())
