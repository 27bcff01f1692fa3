"""Runs for tests of what comes after the rows: the synthetic one, and litebench-reduce on it."""

import os
import subprocess
from pathlib import Path

BIN = Path(os.environ.get("LITEBENCH_BIN", Path(__file__).resolve().parents[2] / "build/release/bin"))


def reducer(*arguments, expect=0, **environment):
    """Standard output of litebench-reduce; standard error is in the message when the exit code is another one."""
    done = subprocess.run([BIN / "litebench-reduce", *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, **environment})
    assert done.returncode == expect, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


OF_THE_RUN = ("--second-variant", "--protocol", "--images", "--attempt", "--pack")


def synthetic(folder, *options):
    """Two images of refcoco/val, one of testA, none and random@64, with a latency pass; reduced. Options of analysis_make_run
    and of litebench-reduce, each with a value."""
    pairs = list(zip(options[::2], options[1::2]))
    making = [word for pair in pairs if pair[0] in OF_THE_RUN for word in pair]
    subprocess.run([BIN / "analysis_make_run", folder, *making], check=True)
    reducer(folder, *[word for pair in pairs if pair[0] not in OF_THE_RUN for word in pair])
    return folder
