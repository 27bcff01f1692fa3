"""[tables] of a file: which tables there are, user tables over any two axes, what is refused."""

import csv
import json
import os
import subprocess
from pathlib import Path

import pytest

BIN = Path(os.environ["LITEBENCH_BIN"])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    subprocess.run([BIN / "analysis_make_large_run", folder, "12", "2", "10"], check=True)
    return folder


def reduce(run, output, toml, *options):
    tables = output / "tables.toml"
    tables.write_text(toml)
    return subprocess.run([BIN / "litebench-reduce", run, "--output", output, "--tables", tables, *options], capture_output=True, text=True)


def cells(output, name):
    table = json.loads((output / "tables" / f"{name}.json").read_text())
    return {cell["tag"]: cell for row in table["rows"] for cell in row}


def test_a_user_table_holds_the_numbers_of_its_axes(run, tmp_path):
    done = reduce(run, tmp_path, """
[tables]
include = ["main", "categories", "slices", "budgets", "by-split", "by-words", "speed"]
print = ["budgets"]
draws = 500
[[tables.table]]
name = "budgets"
title = "Retention by budget"
rows = "method"
columns = "tokens"
value = "retention"
[[tables.table]]
name = "by-split"
rows = "variant"
columns = "split"
[[tables.table]]
name = "by-words"
rows = "words"
columns = "method"
where = { tokens = 64 }
[[tables.table]]
name = "speed"
rows = "tokens"
columns = "method"
value = "speed_up"
""")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Retention by budget")
    assert {path.stem for path in (tmp_path / "tables").glob("*.csv")} == {"main", "categories", "slices", "budgets", "by-split",
                                                                           "by-words", "speed"}
    main, slices = cells(tmp_path, "main"), cells(tmp_path, "slices")
    budgets, words = cells(tmp_path, "budgets"), cells(tmp_path, "by-words")
    assert budgets["budgets/method=litelvlm/tokens=64"]["printed"] == main["litelvlm@64/retention"]["printed"]
    assert budgets["budgets/method=none/tokens=576"]["printed"] == "100.00"
    assert budgets["budgets/method=none/tokens=64"]["value"] is None
    split = cells(tmp_path, "by-split")["by-split/variant=random@128/split=refcocog/val"]
    assert split["printed"] == main["random@128/refcocog/val/ciou"]["printed"]
    assert split["origin"]["splits"] == ["refcocog/val"]
    assert words["by-words/words=left/method=random"]["printed"] == slices["random@64/words=left/ciou"]["printed"]
    speed = cells(tmp_path, "speed")["speed/tokens=64/method=litelvlm"]
    assert speed["printed"] == main["litelvlm@64/speed_up"]["printed"]
    rows = list(csv.DictReader((tmp_path / "tables" / "budgets.csv").open()))
    assert [row["method"] for row in rows] == ["none", "random", "litelvlm"]
    assert float(rows[1]["tokens=64_low"]) < float(rows[1]["tokens=64"]) < float(rows[1]["tokens=64_high"])


def test_several_variants_in_one_cell_are_no_number_but_a_reason(run, tmp_path):
    assert reduce(run, tmp_path, '[[tables.table]]\nname = "blurred"\nrows = "position"\ncolumns = "mode"').returncode == 0
    cell = cells(tmp_path, "blurred")["blurred/position=native/mode=exact"]
    assert cell["value"] is None and "7 variants: name more in where" in cell["note"]


@pytest.mark.parametrize("toml, reason", [
    ("[run]\n", "it has no [tables]"),
    ('[[tables.table]]\nname = "a"\nrows = "methods"', 'did you mean "method"?'),
    ('[[tables.table]]\nname = "a"\nvalue = "cIoU"', 'there is no metric "cIoU"'),
    ('[[tables.table]]\nname = "a"\nrows = "size"\nvalue = "giou"', "giou is known for whole splits only"),
    ('[[tables.table]]\nname = "a"\nrows = "size"\ncolumns = "split"', "slices are over all splits together"),
    ("[tables]\ndraws = true", "cannot use"),
])
def test_a_table_that_cannot_be_made_is_refused(run, tmp_path, toml, reason):
    done = reduce(run, tmp_path, toml)
    assert done.returncode == 64
    assert reason in done.stderr


def test_without_draws_there_are_no_intervals_and_no_tests(run, tmp_path):
    assert reduce(run, tmp_path, "[tables]\ndraws = 0").returncode == 0
    assert not (tmp_path / "tables" / "comparisons.json").exists()
    assert not any("interval" in cell for cell in cells(tmp_path, "main").values())


def test_the_same_seed_gives_the_same_intervals_and_another_one_others(run, tmp_path):
    texts = []
    for seed in (1, 1, 2):
        assert reduce(run, tmp_path, f"[tables]\ndraws = 300\nseed = {seed}").returncode == 0
        texts.append((tmp_path / "tables" / "main.csv").read_text())
    assert texts[0] == texts[1] != texts[2]


def test_colour_is_for_terminals(run, tmp_path):
    assert "\x1b" not in reduce(run, tmp_path, "[tables]\n").stdout
