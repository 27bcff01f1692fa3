"""A sweep on several hosts under Slurm: across nodes, stopped and queued again, with nodes and cables that fail."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "harness/run")]
import hosts  # noqa: E402
import slurm  # noqa: E402
from support import BIN, ROOT, integers, run, run_config, sweep  # noqa: E402

pytestmark = pytest.mark.skipif((why := hosts.missing() or slurm.missing()) is not None, reason=str(why))

SPLITS = ["refcoco/val", "refcoco/testA", "refcoco+/val", "refcocog/val", "refcocog/test"]
SWEEPS = ('[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = ["litelvlm", "uniform"]\ntokens = [192, 128, 64]\n')


def text(folder):
    return sweep(folder / "run", splits=SPLITS, sweeps=SWEEPS)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    run_config(folder, text(folder))
    return integers(folder / "run/results.h5")


@pytest.fixture
def cluster(tmp_path):
    made = slurm.Slurm(tmp_path)
    yield made
    made.down()


def submit(cluster, folder, *options):
    config = folder / "sweep.toml"
    config.write_text(text(folder))
    os.environ["LITEBENCH"] = cluster.env["LITEBENCH"] = str(BIN / "litebench")
    out = cluster.client(ROOT / "slurm/submit", "--config", config, "--ranks", "1", *options, "--",
                         f"--output={folder}/job.log", "--chdir", ROOT)
    return int(re.search(r"Submitted batch job (\d+)", out)[1])


def committed(folder):
    if not (folder / "run/shards").exists():
        return 0
    return sum(int(n) for n in re.findall(r"rank \d+/\d+  (\d+) bundles", run("status", folder / "run").stdout))


def wait_for_a_commit(cluster, folder):
    cluster.wait(lambda: committed(folder) > 0, 300, "commit")


def wait_for_the_end(cluster, job, folder, seconds=600):
    cluster.wait(lambda: cluster.ended(job), seconds, "end of the job")
    state = cluster.job(job)
    assert state["JobState"] == "COMPLETED", f"{state}\n{(folder / 'job.log').read_text()}"
    return state


def check(folder, undisturbed):
    assert run("status", "--config", folder / "sweep.toml").returncode == 0
    assert integers(folder / "run/results.h5") == undisturbed


@pytest.mark.parametrize("launcher", ["srun", "mpirun"])
def test_a_sweep_over_two_nodes(cluster, tmp_path, undisturbed, launcher):
    job = submit(cluster, tmp_path, "--nodes", "2", "--launcher", launcher)
    wait_for_the_end(cluster, job, tmp_path)
    check(tmp_path, undisturbed)
    attempts = {name.name.rsplit("-r", 1)[1] for name in (tmp_path / "run/shards").glob("*.h5")}
    assert attempts == {"0.h5", "1.h5"}, "one job of two ranks, not two jobs of one"


def test_a_job_that_is_warned_queues_itself_again(cluster, tmp_path, undisturbed):
    job = submit(cluster, tmp_path, "--nodes", "1", "--preemptible")
    wait_for_a_commit(cluster, tmp_path)
    cluster.client("scancel", "--batch", "--signal=USR1", str(job))
    state = wait_for_the_end(cluster, job, tmp_path)
    assert int(state["Restarts"]) >= 1
    assert "ended with code 3" in (tmp_path / "job.log").read_text()
    check(tmp_path, undisturbed)


def first_node(cluster, job):
    return cluster.client("scontrol", "show", "hostnames", cluster.job(job)["NodeList"]).split()[0]


@pytest.mark.parametrize("accident", ["crash", "pull_cable"])
def test_a_job_goes_on_without_the_node_it_lost(cluster, tmp_path, undisturbed, accident):
    job = submit(cluster, tmp_path, "--nodes", "2", "--preemptible")
    wait_for_a_commit(cluster, tmp_path)
    # The first node has rank 0 and the lock, and runs on behind a pulled cable, on the same file system.
    getattr(cluster.hosts, accident)(first_node(cluster, job))
    state = wait_for_the_end(cluster, job, tmp_path)
    assert int(state["Restarts"]) >= 1
    check(tmp_path, undisturbed)


def test_submit_prints_what_it_would_do(tmp_path):
    config = tmp_path / "a.toml"
    config.write_text(text(tmp_path))
    done = subprocess.run([ROOT / "slurm/submit", "--config", config, "--nodes", "2", "--gpus", "8", "--time", "1:00:00",
                           "--account", "me", "--print"], env={**os.environ, "LITEBENCH": str(BIN / "litebench")},
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for part in ("--nodes=2", "--gpus-per-node=8", "--ntasks-per-node=8", "--time=1:00:00", "--account=me", "multi-node.sbatch"):
        assert part in done.stdout, done.stdout
    assert subprocess.run([ROOT / "slurm/submit"], capture_output=True).returncode == 64
