"""The README's commands. Blocks after `<!-- test -->` are run; of the others every program and target must exist."""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["LITEBENCH_BIN"])
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"(<!-- test -->\n)?```sh\n(.*?)```", re.DOTALL)


def blocks(tested):
    return [text for mark, text in BLOCK.findall(README) if bool(mark) == tested]


def test_some_blocks_are_run():
    assert len(blocks(tested=True)) >= 2


@pytest.mark.parametrize("block", blocks(tested=True))
def test_marked_commands_succeed(block):
    script = block.replace("build/release/bin", str(BIN))
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip(), "printed nothing"


def test_every_command_of_litebench_exists():
    words = set(re.findall(r"bin/litebench ([a-z]+)", README))
    offered = subprocess.run([BIN / "litebench", "--help"], capture_output=True, text=True, check=True).stdout
    assert words and all(f"litebench {word}" in offered for word in words), words


def test_every_make_target_exists():
    targets = set(re.findall(r"\bmake ([a-z][a-z-]*)", README))
    rules = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets and targets <= rules, targets - rules


def test_every_link_leads_to_a_file():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links and [link for link in links if not (ROOT / link).exists()] == []


def test_every_named_configuration_exists():
    named = set(re.findall(r"configs/[a-z-]+\.toml", README))
    assert named and [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_it_fits_on_two_screens():
    assert len(README.splitlines()) <= 120
