"""`litebench chaos`, the quick version; the long one: docs/measured."""

import re

from faults import run, text


def test_a_hurt_run_has_the_rows_of_the_one_in_peace(tmp_path):
    config = tmp_path / "sweep.toml"
    config.write_text(text(tmp_path))
    done = run("chaos", "--config", config, "--seed", "5", "--kills", "4", "--ranks", "3", "--corrupt", "1", timeout=850)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = re.search(r"(\d+) kills, \d+ other disturbances, (\d+) finished runs, (\d+) bundles followed, 0 failures",
                        done.stdout)
    assert summary and int(summary[1]) >= 4 and int(summary[2]) >= 1 and int(summary[3]) > 0, done.stdout
    assert "equal to the run in peace: yes" in done.stdout and "FAILED" not in done.stdout
    assert not (tmp_path / "run").exists(), "chaos writes beside the run's folder"


def test_chaos_says_what_it_wants(tmp_path):
    done = run("chaos", "--kills", "many")
    assert done.returncode == 64 and "--kills wants a number" in done.stderr
    done = run("chaos", "--kills", "1")
    assert done.returncode == 64 and "--config" in done.stderr
