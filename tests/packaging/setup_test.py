"""cmake/setup.sh on machines made up of fake commands: nothing is installed here."""

import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NO_ROOT = {"id": "echo 1000", "sudo": "exit 1"}
ALL_INSTALLED = {"dpkg-query": 'shift 2; for p; do echo "install ok installed $p"; done'}
# A python3 that runs scripts, but leaves a mark instead of making a virtual environment.
NO_VENV = {"python3": f'[ "$1" = -m ] && {{ echo "venv wanted"; exit 1; }}; exec {sys.executable} "$@"'}


class Machine:
    def __init__(self, folder, commands, torch_version=None):
        self.checkout = folder / "checkout"
        for name in ("cmake/setup.sh", "tests/requirements.txt"):
            (self.checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.checkout / name)
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        for name, script in commands.items():
            (bin_folder / name).write_text(f"#!/bin/bash\n{script}\n")
            (bin_folder / name).chmod(0o755)
        self.environment = {"PATH": f"{bin_folder}:/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(folder / "site")}
        self.torch = folder / "site" / "torch"
        if torch_version:
            self.pretend_torch(torch_version)

    def pretend_torch(self, version):
        for name in ("include/ATen/core/TensorBody.h", "lib/libtorch_cpu.so", "__init__.py"):
            (self.torch / name).parent.mkdir(parents=True, exist_ok=True)
            (self.torch / name).touch()
        information = self.torch.parent / f"torch-{version}.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")

    def setup(self, mode="slim", **environment):
        return subprocess.run(
            [self.checkout / "cmake/setup.sh", mode], env=self.environment | environment, capture_output=True, text=True
        )

    def result(self):
        return (self.checkout / "build/environment").read_text()


def test_without_rights_it_prints_the_line_for_exactly_what_is_missing_and_stops(tmp_path):
    some = {"dpkg-query": 'shift 2; for p; do [ $p = cmake ] || [ $p = g++ ] || echo "install ok installed $p"; done; exit 1'}
    done = Machine(tmp_path, NO_ROOT | some).setup()
    assert done.returncode == 69
    assert "apt-get install --no-install-recommends g++ cmake\n" in done.stderr


def test_removed_packages_with_left_over_configuration_count_as_missing(tmp_path):
    removed = {"dpkg-query": 'shift 2; for p; do [ $p = ninja-build ] && s=config-files || s=installed; echo "install ok $s $p"; done'}
    done = Machine(tmp_path, NO_ROOT | removed).setup()
    assert "apt-get install --no-install-recommends ninja-build\n" in done.stderr


def test_full_mode_asks_for_the_fuzzers_compiler_too(tmp_path):
    machine = Machine(tmp_path, NO_ROOT | {"dpkg-query": "exit 1"})
    assert " clang " not in machine.setup("slim").stderr
    assert " clang " in machine.setup("full").stderr


def test_packages_may_come_from_elsewhere(tmp_path):
    machine = Machine(tmp_path, NO_ROOT | NO_VENV | {"dpkg-query": "exit 1"}, torch_version="2.11.0")
    assert machine.setup(LITEBENCH_SKIP_APT="1").returncode == 0


def test_a_torch_on_the_path_is_reused(tmp_path):
    machine = Machine(tmp_path, ALL_INSTALLED | NO_VENV, torch_version="2.7.1")
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    assert f"TORCH_ROOT={machine.torch}\n" in machine.result()
    assert not (machine.checkout / ".venv").exists()


def test_a_torch_with_the_old_abi_is_passed_over(tmp_path):
    done = Machine(tmp_path, ALL_INSTALLED | NO_VENV, torch_version="2.6.0").setup()
    assert done.returncode != 0 and "venv wanted" in done.stdout


def test_a_torch_without_headers_is_passed_over(tmp_path):
    machine = Machine(tmp_path, ALL_INSTALLED | NO_VENV, torch_version="2.11.0")
    (machine.torch / "include/ATen/core/TensorBody.h").unlink()
    assert "venv wanted" in machine.setup().stdout


def test_torch_root_wins(tmp_path):
    machine = Machine(tmp_path, ALL_INSTALLED | NO_VENV, torch_version="2.11.0")
    done = machine.setup(TORCH_ROOT="/somewhere/torch")
    assert done.returncode == 0 and "TORCH_ROOT=/somewhere/torch\n" in machine.result()


def test_full_mode_wants_the_oracles_and_not_only_torch(tmp_path):
    machine = Machine(tmp_path, ALL_INSTALLED | NO_VENV, torch_version="2.11.0")
    with (machine.checkout / "tests/requirements.txt").open("a") as file:
        file.write("no-such-package==1.0\n")
    assert machine.setup("slim").returncode == 0
    assert "venv wanted" in machine.setup("full").stdout


def test_a_failing_apt_is_told_and_ends_the_set_up(tmp_path):
    root = {"id": "echo 0", "dpkg-query": "exit 1", "apt-get": "echo no mirror >&2; exit 100"}
    done = Machine(tmp_path, root).setup()
    assert done.returncode == 69 and "no mirror" in done.stderr and "apt could not install" in done.stderr


def test_an_unknown_mode_is_refused(tmp_path):
    done = Machine(tmp_path, ALL_INSTALLED).setup("fast")
    assert done.returncode == 69 and "slim, full or cluster" in done.stderr
