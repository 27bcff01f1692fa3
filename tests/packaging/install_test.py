"""`cmake --install` gives a tree that can be moved."""

import os
import pathlib
import shutil
import subprocess

import pytest

BIN = pathlib.Path(os.environ["LITEBENCH_BIN"])
PROGRAMS = ("litebench", "litebench-run", "litebench-reduce")


@pytest.fixture(scope="module")
def moved_tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("install")
    subprocess.run(["cmake", "--install", BIN.parent, "--prefix", folder / "first"], check=True, capture_output=True)
    shutil.move(folder / "first", folder / "second place")
    return folder / "second place"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_moved_program_says_its_version(moved_tree, program):
    environment = {"PATH": "/usr/bin:/bin", "HOME": os.environ.get("HOME", "/")}
    done = subprocess.run([moved_tree / "bin" / program, "--version"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(program + " ")


def test_version_names_everything_a_result_depends_on(moved_tree):
    text = subprocess.run([moved_tree / "bin/litebench", "--version"], capture_output=True, text=True, check=True).stdout
    fields = {line.split()[0]: line.split(maxsplit=1)[1] for line in text.splitlines()[1:]}
    assert set(fields) == {"commit", "LibTorch", "MPI", "HDF5", "CUDA", "compiler"}
    assert all(fields.values())


def test_the_small_programs_need_no_libtorch():
    for program in ("litebench", "litebench-reduce"):
        needed = subprocess.run(["readelf", "-d", BIN / program], capture_output=True, text=True, check=True).stdout
        assert "NEEDED" in needed
        for library in ("libtorch", "libc10", "libmpi"):
            assert library not in needed, f"{program} needs {library}"


def test_no_program_depends_on_the_build_folder(moved_tree):
    for program in PROGRAMS:
        found = subprocess.run(["readelf", "-d", moved_tree / "bin" / program], capture_output=True, text=True, check=True)
        assert str(BIN.parent) not in found.stdout


def test_documents_and_configurations_come_along(moved_tree):
    share = moved_tree / "share/litebench"
    assert (share / "configs/demo.toml").exists()
    assert (share / "LICENSE").exists() and (share / "NOTICE").exists()
