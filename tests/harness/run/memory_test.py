"""Ranks of one node share one copy of a mapped checkpoint."""

import subprocess
import time
from pathlib import Path

from support import ROOT, command, environment, run, sweep

RANKS = 8
# enough work that all ranks compute at the same time
SWEEPS = '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = "random"\ntokens = [192, 128, 64]\nseeds = 60\n'


def mapped(pid, file):
    """Proportional and resident kilobytes of one mapped file in one process."""
    pss = rss = 0
    inside = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        fields = line.split()
        if "-" in fields[0] and not fields[0].endswith(":"):
            inside = line.endswith(str(file))
        elif inside and fields[0] == "Pss:":
            pss += int(fields[1])
        elif inside and fields[0] == "Rss:":
            rss += int(fields[1])
    return pss, rss


def engines(parent):
    """Process ids of litebench-run below `parent`."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
            arguments = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if "Name:\tlitebench-run" in text and str(parent).encode() in arguments:
            found.append(int(status.parent.name))
    return found


def test_eight_ranks_hold_one_copy_of_the_weights(tmp_path):
    converted = {}
    for name in ("glamm", "clip"):
        converted[name] = tmp_path / name
        done = run("convert", ROOT / f"tests/golden/tiny/{name}", converted[name], "--dtype", "float32")
        assert done.returncode == 0, done.stderr
    config = tmp_path / "sweep.toml"
    config.write_text(sweep(tmp_path / "run", glamm=converted["glamm"], clip=converted["clip"], sweeps=SWEEPS, extra="[passes]\naccuracy = true\n"))
    process = subprocess.Popen(command("--config", config, ranks=RANKS), env=environment(), cwd=ROOT,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        best = None
        while process.poll() is None and best is None:
            time.sleep(0.2)
            pids = engines(config)
            weights = converted["glamm"] / "model.safetensors"
            try:
                use = [mapped(pid, weights) for pid in pids]
            except OSError:
                continue
            # wait until every rank has looked at most of the file
            size = weights.stat().st_size / 1024
            if len(use) == RANKS and all(rss > 0.5 * size for _, rss in use):
                best = sum(pss for pss, _ in use), sum(rss for _, rss in use), size
        assert best is not None, "the ranks never had the weights mapped together\n" + process.communicate()[0]
        pss, rss, size = best
        assert pss <= 1.1 * size, (pss, size)     # one copy in all
        assert rss >= 4 * size                    # and eight that look at it
    finally:
        process.terminate()
        process.wait()
