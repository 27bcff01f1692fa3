"""`litebench-reduce a b --output c`: runs of one family become one, others are refused."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from reducing import BIN, reducer, synthetic


def part(folder, *options):
    subprocess.run([BIN / "analysis_make_run", folder, *options], check=True)
    return folder


def test_two_halves_become_the_whole_and_can_be_verified_alone(tmp_path):
    whole = synthetic(tmp_path / "whole")
    first = part(tmp_path / "first", "--without-image-30")
    second = part(tmp_path / "second", "--attempt", "20260102T000000-b-1", "--only-image-30")
    merged = tmp_path / "merged"
    assert "VALID" in reducer(first, second, "--output", merged)
    shutil.rmtree(first)
    shutil.rmtree(second)
    assert "VERIFIED" in reducer("verify", merged)
    with h5py.File(whole / "results.h5") as a, h5py.File(merged / "results.h5") as b:
        assert a.attrs["answers"] == b.attrs["answers"]
        assert a.attrs["fingerprint"] != b.attrs["fingerprint"]
    assert json.loads((merged / "merged.json").read_text())["runs"] == ["../first", "../second"]


def test_the_same_work_twice_is_the_audit_of_determinism(tmp_path):
    first = part(tmp_path / "first")
    second = part(tmp_path / "second", "--attempt", "20260102T000000-b-1")
    assert "6 bundles done more than once and compared" in reducer(first, second, "--output", tmp_path / "merged")


def test_a_variant_of_two_packs_counts_once_and_the_difference_is_told(tmp_path):
    first = part(tmp_path / "first")
    second = part(tmp_path / "second", "--attempt", "20260102T000000-b-1", "--pack", "pb", "--second-variant", "uniform@64")
    said = reducer(first, second, "--output", tmp_path / "merged")
    assert "none in refcoco/val was computed in several packs: 0 of 3 masks differ" in said
    assert "uniform" in said and "random" in said and "VALID" in said
    assert "VERIFIED" in reducer("verify", tmp_path / "merged")


def test_runs_of_other_families_are_refused_and_what_differs_is_named(tmp_path):
    first = part(tmp_path / "first")
    second = part(tmp_path / "second", "--dtype", "bf16")
    said = reducer(first, second, "--output", tmp_path / "merged", expect=65)
    assert "dtype fp32 against bf16" in said
    assert not (tmp_path / "merged").exists()


def test_several_runs_need_a_folder_of_their_own(tmp_path):
    first, second = part(tmp_path / "first"), part(tmp_path / "second")
    assert "--output" in reducer(first, second, expect=64)
    assert "one of the runs" in reducer(first, second, "--output", second, expect=64)


def test_shards_of_one_name_that_differ_are_refused(tmp_path):
    first = part(tmp_path / "first")
    second = part(tmp_path / "second", "--without-image-30")
    assert "another file of that name" in reducer(first, second, "--output", tmp_path / "merged", expect=65)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    run = synthetic(tmp_path_factory.mktemp("export") / "run")
    reducer("export", run, "--format", "parquet", LITEBENCH_PYTHON=sys.executable)
    return run


def test_exported_rows_are_tidy_and_give_the_tables_numbers(exported):
    import pandas

    rows = pandas.read_csv(exported / "export" / "expressions.csv")
    assert len(rows) == 8 and not rows.isna().any().drop("tokens").any()
    counted = rows[rows.counted == 1]
    sums = counted.groupby(["variant", "split"])[["intersection", "union"]].sum()
    main = json.loads((exported / "tables" / "main.json").read_text())
    cells = {cell["tag"]: cell["printed"] for row in main["rows"] for cell in row}
    for (variant, split), row in sums.iterrows():
        assert cells[f"{variant}/{split}/ciou"].startswith(f"{100 * row['intersection'] / row['union']:.2f}")


def test_parquet_holds_the_same_and_names_its_run(exported):
    import pandas
    import pyarrow.parquet as parquet

    for name in ("expressions", "units"):
        table = parquet.read_table(exported / "export" / f"{name}.parquet")
        text = pandas.read_csv(exported / "export" / f"{name}.csv")
        assert table.num_rows == len(text) and table.column_names == list(text.columns)
        assert table.schema.metadata[b"litebench.fingerprint"].decode() == \
            json.loads((exported / "tables" / "manifest.json").read_text())["fingerprint"]


def test_without_pyarrow_the_csv_files_are_there_and_the_error_says_so(exported, tmp_path):
    said = reducer("export", exported, "--format", "parquet", "--output", tmp_path / "out", expect=64, LITEBENCH_PYTHON="/bin/false")
    assert "no Parquet was written" in said
    assert (tmp_path / "out" / "expressions.csv").exists()
