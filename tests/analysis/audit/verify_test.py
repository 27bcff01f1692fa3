"""`litebench-reduce verify` and `explain` on a small run: what is right passes, each kind of alteration is named."""

import json
import re
import shutil
import sys
from pathlib import Path

import h5py
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from reducing import reducer, synthetic


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
