"""The example of docs/add-a-method.md, built into an engine of its own: it is in the list, in the plan and in a table,
and it chooses what the page says."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "harness/run"))
import support  # noqa: E402

SWEEPS = '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = "centre"\ntokens = [192, 64]\n'


@pytest.fixture(autouse=True)
def added(monkeypatch):
    """The programs with the new method in place of the shipped ones."""
    monkeypatch.setattr(support, "BIN", support.BIN.parent / "tests/docs/added/bin")


@pytest.fixture
def text(tmp_path):
    return support.sweep(tmp_path / "run", splits=["refcoco/val"], sweeps=SWEEPS)


def test_the_method_is_listed():
    done = support.run("list", "methods")
    assert done.returncode == 0, done.stderr
    assert "centre          Centre\n                patches nearest to the middle of the image\n" in done.stdout


def test_the_method_is_planned(tmp_path, text):
    path = tmp_path / "sweep.toml"
    path.write_text(text)
    done = support.run("plan", "--config", path, "--no-forecast")
    assert done.returncode == 0, done.stderr
    assert "centre@192" in done.stdout and "centre@64" in done.stdout
    assert not (tmp_path / "run").exists()


def test_the_method_is_in_the_table_and_keeps_the_middle(tmp_path, text):
    done = support.run_config(tmp_path, text)
    assert "VALID" in done.stdout
    assert "centre" in (tmp_path / "run/tables/main.md").read_text()
    results = support.Results(tmp_path / "run/results.h5")
    kept = {variant: patches for (_, variant, _), patches in support.retained(results).items()}
    # The 8 x 8 block of the middle has corners outside of the circle: count the distances themselves.
    middle = sorted(range(576), key=lambda p: ((2 * (p // 24) - 23) ** 2 + (2 * (p % 24) - 23) ** 2, p))
    assert kept["centre@64"] == sorted(middle[:64])
    assert kept["centre@192"] == sorted(middle[:192])
