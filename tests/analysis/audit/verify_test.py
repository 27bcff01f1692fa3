"""`litebench-reduce verify` and `explain` on a small run: what is right passes, each kind of alteration is named."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from reducing import BIN, reducer, synthetic


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return synthetic(tmp_path_factory.mktemp("verify") / "run", "--reference", "litelvlm-icml26")


@pytest.fixture
def run(original, tmp_path):
    return shutil.copytree(original, tmp_path / "run")


def wrong(run, *options):
    """The complaints of a failing verify."""
    return [line for line in reducer("verify", run, *options, expect=65).splitlines() if line.startswith("WRONG")]


def test_an_untouched_run_is_verified_and_numbers_are_counted(run):
    said = reducer("verify", run)
    verified = re.search(r"VERIFIED: (\d+) numbers recomputed and (\d+) published ones in (\d+) tables", said)
    assert verified, said
    cells = [cell for path in (run / "tables").glob("*.json") if path.name != "manifest.json"
             for row in json.loads(path.read_text())["rows"] for cell in row if isinstance(cell["value"], (int, float))]
    published = [cell for cell in cells if "/published/" in cell["tag"]]
    assert int(verified[1]) == len(cells) - len(published)
    assert int(verified[2]) == len(published) > 0


@pytest.mark.parametrize("options", [("--accum", "f32"), ("--shard", "pad:2"), ("--accum", "f32", "--shard", "pad:2"),
                                     ("--baseline", "random@64"), ("--baseline", "nobody")])
def test_every_way_of_counting_has_its_second_path(tmp_path, options):
    run = synthetic(tmp_path / "run", *options)
    assert "VERIFIED" in reducer("verify", run)


def test_an_archive_is_verified_where_it_was_moved_to(run, tmp_path):
    moved = tmp_path / "elsewhere" / "deeper"
    moved.parent.mkdir()
    shutil.move(run, moved)
    assert "VERIFIED" in reducer("verify", moved)


def alter(run, table, row, column, value):
    with h5py.File(run / "results.h5", "r+") as file:
        rows = file[table][...]
        rows[column][row] = value
        file[table][...] = rows


def test_an_altered_row_is_named_by_hash_by_shard_and_by_the_numbers_it_moves(run):
    alter(run, "expressions", 0, "intersection", 21)
    said = wrong(run)
    assert any("/expressions was altered" in line for line in said), said
    assert any("/expressions row 0 (refcoco/val image 10 sentence 12 none seed 0)" in line for line in said), said
    assert any("main:refcoco/val:none says 54.55, the rows give" in line for line in said), said


def test_an_altered_row_is_seen_without_the_shards_too(run):
    shutil.rmtree(run / "shards")
    assert "held against their hashes alone" in reducer("verify", run, "--without-shards")
    alter(run, "units", 3, "total_ns", 12345)
    assert any("/units was altered" in line for line in wrong(run, "--without-shards"))


def test_an_altered_table_cell_is_named_with_what_it_should_be(run):
    path = run / "tables" / "main.json"
    table = json.loads(path.read_text())
    cell = next(cell for row in table["rows"] for cell in row if cell["tag"] == "random@64/refcoco/val/ciou")
    cell["value"] += 0.001
    path.write_text(json.dumps(table))
    assert any("main:refcoco/val:random@64 says 41.01, the rows give 40.91" in line for line in wrong(run))


@pytest.mark.parametrize("name", ["main.json", "main.md", "main.tex", "main.csv", "efficiency.md", "metrics.csv"])
def test_an_altered_digit_in_any_file_is_named_with_its_line(run, name):
    path = run / "tables" / name
    text = path.read_text()
    digits = list(re.finditer(r"\d\.\d\d(?!\d)", text))
    place = digits[len(digits) // 2].start()
    path.write_text(text[:place] + ("4" if text[place] != "4" else "5") + text[place + 1:])
    said = wrong(run)
    assert any(f"tables/{name} is not what its JSON says: line" in line or "the rows give" in line for line in said), said


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A run of 96 images: its tables have intervals, p values and marks."""
    folder = tmp_path_factory.mktemp("drawn") / "run"
    subprocess.run([BIN / "analysis_make_large_run", folder, "12", "2", "10"], check=True)
    tables = folder / "tables.toml"
    tables.write_text('[tables]\ndraws = 500\nseed = 5\nlevel = 0.9\ncorrection = "benjamini-hochberg"\nmargin = 0.02\n'
                      '[[tables.table]]\nname = "yours"\nvalue = "retention"\n')
    reducer(folder, "--tables", tables)
    tables.unlink()
    return folder


def test_intervals_p_values_and_marks_are_drawn_again_with_the_options_they_were_made_with(drawn):
    said = reducer("verify", drawn)
    assert "not recomputed" not in said
    cells = [cell for path in (drawn / "tables").glob("*.json") if path.name != "manifest.json"
             for row in json.loads(path.read_text())["rows"] for cell in row]
    tests = [cell for cell in cells if cell["tag"].rsplit("/", 1)[1] in ("p", "adjusted_p", "detectable", "equivalence_p")]
    expected = 2 * sum("interval" in cell for cell in cells) + sum(cell["value"] is not None for cell in tests)
    assert f"{expected} ends of intervals and p values drawn again" in said and expected > 500


def shift(cell, by):
    cell["interval"][0] += by


@pytest.mark.parametrize("table, wanted, change", [
    ("main", lambda c: "interval" in c, lambda c: shift(c, -0.001)),
    ("comparisons", lambda c: c["tag"].endswith("/adjusted_p"), lambda c: c.update(value=c["value"] / 2 + 0.1)),
    ("main", lambda c: "interval" in c and "mark" not in c, lambda c: c.update(mark="best")),
    ("comparisons", lambda c: c["tag"].endswith("/finding"), lambda c: c.update(value="equal, I say")),
    ("stragglers", lambda c: c["tag"].endswith("/attempt"), lambda c: c.update(value="another")),
], ids=["end of an interval", "p value", "mark", "finding", "label"])
def test_what_only_the_draws_give_is_held_against_them(drawn, tmp_path, table, wanted, change):
    run = shutil.copytree(drawn, tmp_path / "run")
    path = run / "tables" / f"{table}.json"
    content = json.loads(path.read_text())
    cell = next(cell for row in content["rows"] for cell in row if wanted(cell))
    change(cell)
    path.write_text(json.dumps(content))
    column = cell["tag"].rsplit("/", 1)[1]
    found = [line for line in wrong(run) if f"tables/{table}.json {table}:" in line]
    assert len(found) == 1 and "drawn again from the rows it is" in found[0], (column, found)


def test_p_values_are_explained_by_what_their_draws_give(drawn):
    table = json.loads((drawn / "tables" / "comparisons.json").read_text())
    for cell in table["rows"][0]:
        column = cell["tag"].rsplit("/", 1)[1]
        if column not in ("p", "adjusted_p", "detectable", "equivalence_p"):
            continue
        said = reducer("explain", drawn, f"comparisons:{cell['tag']}")
        assert f"Formula: {column} = " in said and f"Drawn again from the rows, seed 5: {cell['printed']}\n" in said
        assert "of /expressions" in said


def test_a_missing_table_file_is_named(run):
    (run / "tables" / "metrics.tex").unlink()
    assert wrong(run) == ["WRONG: tables/metrics.tex is missing"]


def test_a_missing_shard_is_named(run):
    (run / "shards" / "a-r0.h5").unlink()
    assert any("shards/a-r0.h5 is missing" in line for line in wrong(run))


def test_a_shard_that_came_later_is_named(run):
    shutil.copy(run / "shards" / "a-r0.h5", run / "shards" / "b-r0.h5")
    assert any("shards/b-r0.h5 is newer than results.h5" in line for line in wrong(run))


def test_a_flipped_byte_in_a_shard_is_named(run):
    path = run / "shards" / "a-r0.h5"
    data = bytearray(path.read_bytes())
    data[data.rindex(b"img_30.jpg")] ^= 1
    path.write_bytes(data)
    assert any("shards/a-r0.h5" in line for line in wrong(run))


def test_tables_of_another_run_are_named(run, tmp_path):
    other = synthetic(tmp_path / "other", "--baseline", "random@64")
    with h5py.File(other / "results.h5", "r+") as file:
        file.attrs["fingerprint"] = "0" * 32
    assert any("its fingerprint is not that of its tables" in line for line in wrong(other))


def test_a_run_without_tables_is_an_error_of_the_folder(tmp_path):
    assert "cannot read" in reducer("verify", tmp_path, expect=74)


def test_explain_shows_rows_formula_and_published_number(run):
    said = reducer("explain", run, "main:refcoco/val:none")
    assert "main:refcoco/val:none = 54.55" in said
    assert "Formula: cIoU = ΣI / (ΣU + 1e-10)" in said
    assert "ΣI = 60, ΣU = 110 over 3 expressions" in said
    assert "Rows: 3 of /expressions" in said
    assert "Published: 79.5; measured − published = -24.95 points" in said
    assert "https://" in said and "It may differ because" in said


def test_explain_works_for_every_cell(run):
    said = reducer("explain", run, "--all", "--rows", "1")
    cells = [cell for path in (run / "tables").glob("*.json") if path.name != "manifest.json"
             for row in json.loads(path.read_text())["rows"] for cell in row]
    assert said.count("\nFrom: ") == len(cells)
    for block in said.strip().split("\n\n"):
        head = re.match(r"[^\n]*? = (.*)", block.strip())
        again = re.search(r"Recomputed from the rows: (.*)", block)
        assert head, block
        if again:
            assert again[1] == head[1].split(" [")[0], block


@pytest.mark.parametrize("cell, hint", [("mian:refcoco/val:none", "did you mean main?"),
                                        ("main:refcoco/vall:none", "did you mean refcoco/val?"),
                                        ("main:refcoco/val:random@46", "did you mean random@64?")])
def test_an_unknown_address_is_an_error_that_names_the_nearest(run, cell, hint):
    assert hint in reducer("explain", run, cell, expect=64)


def test_a_cells_own_tag_is_an_address_too(run):
    assert "= 54.55" in reducer("explain", run, "main:none/refcoco/val/ciou")
