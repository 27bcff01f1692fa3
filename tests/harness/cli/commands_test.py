"""The commands around a run, as a user types them, on the reference data set."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))
from support import (BIN, GOLDEN, ROOT, WITHOUT_THREADS, command, environment, integers, ranks_below, run, run_config,  # noqa: E402
                     sweep, wait_for_commits)

SPLITS = ["refcoco/val", "refcocog/test"]
SWEEPS = '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = "litelvlm"\ntokens = [192, 64]\n'


def write_config(folder, name="sweep.toml", **changes):
    path = folder / name
    path.write_text(sweep(folder / "run", **{"splits": SPLITS, "sweeps": SWEEPS, **changes}))
    return path


def launch(config, ranks=2, *options):
    """Without the two variables that let Open MPI start as root, and without asking for more slots: launch does that."""
    bare = {key: value for key, value in environment().items() if not key.startswith("OMPI_")}
    return subprocess.Popen(command("launch", "-n", ranks, *options, "--config", config), env=bare, cwd=ROOT, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    run_config(folder, sweep(folder / "run", splits=SPLITS, sweeps=SWEEPS))
    return folder / "run"


# --- the words themselves

def test_an_unknown_command_is_answered_with_the_nearest_one():
    done = run("lanch", "-n", "2")
    assert done.returncode == 64 and 'did you mean "launch"?' in done.stderr
    done = run("frobnicate")
    assert done.returncode == 64 and "see litebench --help" in done.stderr


@pytest.mark.parametrize("program", ["litebench", "litebench-run", "litebench-reduce"])
def test_version_names_what_the_program_was_built_of(program):
    done = subprocess.run([BIN / program, "--version"], env=environment(), cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split()[0] == program
    for part in ("commit", "LibTorch", "MPI", "HDF5", "CUDA"):
        assert any(re.match(rf"\s*{part}\s+\S", line) for line in lines), done.stdout


@pytest.mark.parametrize("word", ["plan", "launch", "status", "list", "doctor", "convert", "dump", "show", "chaos", "reduce"])
def test_every_command_explains_itself(word):
    done = run(word, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"litebench {word} " if word != "reduce" else "litebench-reduce ")


def test_commands_without_what_they_need_say_what_is_missing(tmp_path):
    for arguments, part in [(["launch", "-n", "2"], "--config"), (["launch", "-n", "no"], "number of ranks"),
                            (["status"], "folder of a run"), (["convert", "a"], "destination"), (["list"], "one word"),
                            (["list", "nonsense"], "one word"), (["plan"], "--config"),
                            (["convert", "a", "b", "--dtype", "int8"], "int8")]:
        done = run(*arguments)
        assert done.returncode == 64 and part in done.stderr, (arguments, done.stderr)


# --- list, plan

@pytest.mark.parametrize("what,words", [("methods", ["none", "litelvlm", "random", "uniform", "fidelity"]),
                                        ("datasets", ["refcoco", "refcoco+", "refcocog", "instances.json"]),
                                        ("profiles", ["upstream-compatible", "strict", "glamm-baseline", "sampling"]),
                                        ("geometries", ["glamm-7b", "LLM 4096x32", "SAM 1280x32 at 1024"])])
def test_list_names_what_exists(what, words):
    done = run("list", what)
    assert done.returncode == 0, done.stderr
    for word in words:
        assert word in done.stdout


def test_plan_counts_without_starting_anything(tmp_path):
    config = write_config(tmp_path)
    for ranks in (None, 2):
        done = run("plan", "--config", config, ranks=ranks)
        assert done.returncode == 0, done.stderr
        assert "litelvlm@192" in done.stdout and re.search(r"accuracy +\d+ bundles, \d+ units, \d+ masks", done.stdout)
        assert done.stdout.count("protocols 1") == 1   # one rank speaks
    limited = run("plan", "--config", config, "--limit", "1")
    assert re.search(r"accuracy +2 bundles", limited.stdout), limited.stdout
    assert not (tmp_path / "run").exists()


def plan_with(cache, *arguments):
    return subprocess.run(command("plan", *arguments), env={**environment(), "XDG_CACHE_HOME": str(cache)}, cwd=ROOT, text=True,
                          capture_output=True)


def test_plan_predicts_every_bundle_and_every_timed_run_from_rates_that_it_measures_once(tmp_path):
    config = write_config(tmp_path, extra="[passes]\nlatency = { images = 2, repeats = 2, warmup = 1 }")
    first = plan_with(tmp_path / "cache", "--config", config, "--forecast", tmp_path / "forecast.json")
    assert first.returncode == 0, first.stderr
    assert "measuring what operators cost here" in first.stderr
    forecast = json.loads((tmp_path / "forecast.json").read_text())
    runs = forecast["runs"]
    counted = re.search(r"accuracy +(\d+) bundles.*latency +(\d+) bundles", first.stdout, re.DOTALL)
    bundles, timed = int(counted[1]), int(counted[2])
    assert sum(run["pass"] == "accuracy" for run in runs) == bundles == 10   # 5 + 5 images
    assert sum(run["pass"] == "latency" for run in runs) == timed * 3 == 12   # none and litelvlm at two budgets
    for run in runs:
        assert run["total"] == pytest.approx(sum(run["stages"].values())) and run["total"] > 0
        assert run["peak_bytes_total"] >= run["peak_bytes_llm"] > 0
    one, two, *_ = forecast["ranks"]
    assert one["ranks"] == 1 and one["seconds"] == pytest.approx(sum(forecast["bundle_seconds"]), rel=0.02)
    assert two["ranks"] == 2 and one["seconds"] / 2 < two["seconds"] < one["seconds"]   # latency runs on one rank of a node
    again = plan_with(tmp_path / "cache", "--config", config)
    assert again.returncode == 0 and again.stderr == "" and again.stdout == first.stdout


def test_plan_measures_only_what_a_file_of_rates_lacks(tmp_path):
    rates = tmp_path / "rates.json"
    one = write_config(tmp_path, sweeps='[[sweep]]\nmethod = "none"\n')
    assert plan_with(tmp_path, "--config", one, "--rates", rates).returncode == 0
    before = json.loads(rates.read_text())["operators"]
    assert plan_with(tmp_path, "--config", write_config(tmp_path), "--rates", rates).returncode == 0
    after = json.loads(rates.read_text())["operators"]
    assert {"select:litelvlm@192", "select:litelvlm@64"} <= set(after) - set(before)
    assert {name: after[name] for name in before} == before
    refused = plan_with(tmp_path, "--config", one, "--rates", rates, "--set", "model.threads=2")
    assert refused.returncode == 65 and "threads: 1 then, 2 now" in refused.stderr
    counts = plan_with(tmp_path / "none", "--config", one, "--no-forecast")
    assert counts.returncode == 0 and "predicted" not in counts.stdout and not (tmp_path / "none").exists()


def test_plan_tells_missing_pictures(tmp_path):
    shutil.copytree(GOLDEN / "data/Refer_Segm", tmp_path / "data")
    (tmp_path / "data/coco_2014/train2014/COCO_train2014_000000098304.jpg").unlink()
    done = run("plan", "--config", write_config(tmp_path, root=tmp_path / "data"))
    assert done.returncode == 65 and "1 picture is missing" in done.stderr and "98304" in done.stderr


# --- doctor, convert

def test_doctor_finds_nothing_wrong_with_the_reference_data(tmp_path):
    done = run("doctor", "--config", write_config(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PROBLEM" not in done.stdout
    assert done.stdout.count("not the full data set") == len(SPLITS)
    assert "names and shapes as expected" in done.stdout and "is writable" in done.stdout
    assert not (tmp_path / "run").exists()


def test_doctor_says_what_mpi_promises_to_threads_and_what_follows():
    asked = r"MPI +Open MPI v\d\S*, threads: MPI_THREAD_MULTIPLE required, (MPI_THREAD_\w+) provided; (.*)"
    done = run("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(asked, done.stdout).groups() == ("MPI_THREAD_MULTIPLE", "rank 0 hands out images one by one while it computes")
    done = subprocess.run(command("doctor"), env={**environment(), **WITHOUT_THREADS}, cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    provided, consequence = re.search(asked, done.stdout).groups()
    assert provided == "MPI_THREAD_FUNNELED" and consequence.startswith("images are divided among the ranks beforehand")


def test_doctor_says_whether_nvml_was_found(tmp_path):
    done = run("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"NVML +(found, driver \S+|none usable: libnvidia-ml.so.1 tells nothing of the GPU \(.*\) .*stay unknown)", done.stdout)
    shutil.copy(BIN.parent / "tests/harness/measure/libfake_nvml.so", tmp_path / "libnvidia-ml.so.1")
    paths = [str(tmp_path), *filter(None, [environment().get("LD_LIBRARY_PATH")])]
    done = subprocess.run(command("doctor"), env={**environment(), "LD_LIBRARY_PATH": ":".join(paths)}, cwd=ROOT, text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"NVML +found, driver 580.65.06", done.stdout), done.stdout


def test_doctor_goes_on_after_a_problem_and_ends_with_its_code(tmp_path):
    shutil.copytree(GOLDEN / "glamm", tmp_path / "glamm")
    shard = next((tmp_path / "glamm").glob("*00002-of-00002.bin"))
    shard.write_bytes(shard.read_bytes()[:-5000])
    done = run("doctor", "--config", write_config(tmp_path, glamm=tmp_path / "glamm"))
    assert done.returncode == 65
    problems = [line for line in done.stdout.splitlines() if "PROBLEM" in line]
    assert len(problems) == 1 and shard.name in problems[0]
    assert "is writable" in done.stdout    # comes after the checkpoint


def test_doctor_tells_an_output_folder_that_cannot_be(tmp_path):
    (tmp_path / "run").write_text("in the way")
    config = tmp_path / "sweep.toml"
    config.write_text(sweep(tmp_path / "run/here/there", splits=["refcoco/testB"]))
    done = run("doctor", "--config", config)
    assert done.returncode == 74 and "run/here" in done.stdout


def test_a_converted_checkpoint_gives_the_same_integers(tmp_path, undisturbed):
    done = run("convert", GOLDEN / "glamm", tmp_path / "glamm")
    assert done.returncode == 0, done.stderr
    assert re.search(r"wrote \d+ tensors, \d+ bytes", done.stdout)
    run_config(tmp_path, sweep(tmp_path / "run", splits=SPLITS, sweeps=SWEEPS, glamm=tmp_path / "glamm"))
    assert integers(tmp_path / "run/results.h5") == integers(undisturbed / "results.h5")


def test_convert_of_nothing_is_an_error(tmp_path):
    done = run("convert", tmp_path / "nowhere", tmp_path / "out")
    assert done.returncode == 74 and "nowhere" in done.stderr
    assert not (tmp_path / "out").exists()


# --- launch, status

def test_launch_needs_neither_root_variables_nor_slots(tmp_path, undisturbed):
    ranks = (os.cpu_count() or 1) + 2
    process = launch(write_config(tmp_path), ranks)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err
    assert "VALID" in out
    assert integers(tmp_path / "run/results.h5") == integers(undisturbed / "results.h5")


def test_launch_does_not_repeat_mistakes(tmp_path):
    process = launch(write_config(tmp_path, glamm=tmp_path / "none"))
    out, err = process.communicate(timeout=120)
    assert process.returncode == 74, out + err
    assert "starting again" not in err and str(tmp_path / "none") in err


# More work than a kill can miss.
LONG = {"splits": ["refcoco/val", "refcoco/testA", "refcoco+/val", "refcocog/val", "refcocog/test"],
        "sweeps": SWEEPS + '[[sweep]]\nmethod = ["uniform", "value_norm"]\ntokens = [128, 64]\n'}


def test_launch_starts_again_after_a_rank_was_killed(tmp_path):
    whole = tmp_path / "whole"
    whole.mkdir()
    run_config(whole, sweep(whole / "run", **LONG))
    process = launch(write_config(tmp_path, **LONG))
    wait_for_commits(process, tmp_path / "run")
    os.kill(ranks_below(process.pid)[-1], signal.SIGKILL)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err
    assert "starting again" in err and "VALID" in out
    assert integers(tmp_path / "run/results.h5") == integers(whole / "run/results.h5")


@pytest.mark.parametrize("wish", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_launch_is_incomplete_and_status_tells_how_to_go_on(tmp_path, wish):
    process = launch(write_config(tmp_path, **LONG))
    wait_for_commits(process, tmp_path / "run")
    process.send_signal(wish)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 3, out + err
    assert "continue with" in err and "starting again" not in err
    status = run("status", tmp_path / "run")
    assert status.returncode == 3, status.stderr
    assert re.search(r"accuracy +\d+ of \d+ bundles", status.stdout)
    continues = re.search(r"continue with: litebench (.*)", status.stdout).group(1).replace("RANKS", "2").split()
    done = run(*continues)
    assert done.returncode == 0, done.stdout + done.stderr
    assert run("status", tmp_path / "run").returncode == 0


def test_options_of_the_command_line_outlive_a_stop(tmp_path):
    """What a stopped run says to continue it must name the same folder, limit and overrides."""
    config = write_config(tmp_path, **LONG)
    process = subprocess.Popen(command("--config", config, "--output", tmp_path / "elsewhere"), env=environment(), cwd=ROOT,
                               text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for_commits(process, tmp_path / "elsewhere")
    process.send_signal(signal.SIGUSR1)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 3, out + err
    continues = re.search(r"continue with: litebench (.*)", err).group(1).split()
    assert run(*continues).returncode == 0
    assert not (tmp_path / "run").exists()


def test_status_of_a_finished_run(undisturbed):
    done = run("status", undisturbed)
    assert done.returncode == 0 and "ended" in done.stdout and "continue" not in done.stdout


def test_status_of_nothing(tmp_path):
    done = run("status", tmp_path)
    assert done.returncode == 65 and "no shards" in done.stderr


# --- a fresh start

def test_fresh_leaves_a_live_run_and_other_folders_alone(tmp_path):
    config = write_config(tmp_path, **LONG)
    first = subprocess.Popen(command("--config", config), env=environment(), cwd=ROOT, text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    wait_for_commits(first, tmp_path / "run")
    second = run("--config", config, "--fresh", "--limit", "1")
    assert second.returncode == 64 and "is in use" in second.stderr
    out, err = first.communicate(timeout=300)
    assert first.returncode == 0, out + err
    assert run("--config", config, "--fresh", "--limit", "1", "--output", f"{tmp_path}/run/").returncode == 0
    assert len(list(tmp_path.glob("run.old-*"))) == 1


