"""results.h5 through h5py: every table of the schema in analysis/README.md, and the numbers through an independent path."""

import json
import os
import re
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest

BIN = Path(os.environ["LITEBENCH_BIN"])
README = Path(__file__).resolve().parents[2] / "analysis" / "README.md"


def reduce(run, *options):
    return subprocess.run([BIN / "litebench-reduce", run, *options], capture_output=True, text=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    subprocess.run([BIN / "analysis_make_run", folder], check=True)
    done = reduce(folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def results(run):
    with h5py.File(run / "results.h5", "r") as file:
        yield file


def schema():
    """Tables and columns as the README lists them: `### /name` followed by a table whose first column names columns."""
    tables, current = {}, None
    for line in README.read_text().splitlines():
        if heading := re.match(r"### `/(\w+)`", line):
            current = tables.setdefault(heading[1], [])
        elif current is not None and (other := re.match(r"The columns of `/(\w+)`", line)):
            current += tables[other[1]]
        elif line.startswith("#"):
            current = None
        elif current is not None and (row := re.match(r"\| `([^|]+)` \|", line)):
            current += [name.strip(" `") for name in row[1].split(",")]
    return tables


def test_the_file_has_exactly_the_tables_and_columns_that_the_readme_lists(results):
    expected = schema()
    assert len(expected) == 15
    assert set(results) == set(expected)
    for name, columns in expected.items():
        if name == "bytes":
            assert results[name].dtype == np.uint8
        else:
            assert list(results[name].dtype.names) == columns, name


def test_every_table_is_checksummed_and_can_be_read_whole(results):
    for name in results:
        assert results[name].fletcher32, name
        assert results[name][...].size > 0 or name in ("failures", "cold_starts"), name


def test_enums_carry_their_names(results):
    names = {key: h5py.check_enum_dtype(results["expressions"].dtype[key]) for key in ("dataset", "split", "status")}
    assert names["dataset"] == {"refcoco": 0}
    assert names["split"] == {"refcoco/val": 0, "refcoco/testA": 1}
    assert names["status"]["ok"] == 0 and names["status"]["infeasible"] == 7
    assert names["status"]["failed_method"] == 8
    assert h5py.check_enum_dtype(results["units"].dtype["pass"]) == {"accuracy": 0, "latency": 1}


def test_slices_of_bytes_give_the_texts_back(results):
    heap = results["bytes"][...].tobytes()
    sentence = results["sentences"][0]
    assert heap[sentence["text_offset"]:][: sentence["text_length"]] == b"the left one"
    image = results["images"][0]
    assert heap[image["file_name_offset"]:][: image["file_name_length"]] == b"img_10.jpg"
    provenance = {
        heap[row["key_offset"]:][: row["key_length"]].decode(): heap[row["value_offset"]:][: row["value_length"]].decode()
        for row in results["provenance"][...]
    }
    assert provenance["torch"] == "2.7.0"
    assert provenance["config"] == "[model]\n"


def test_text_columns_and_attributes(results):
    assert [text.decode() for text in results["variants"]["id"]] == ["none", "random@64"]
    assert list(results["variants"]["tokens"]) == [0, 64]
    assert results.attrs["schema"] == 1
    assert results.attrs["verdict"] in ("VALID", b"VALID")


def test_printed_ciou_equals_the_one_from_the_rows(run, results):
    main = json.loads((run / "tables" / "main.json").read_text())
    cells = {cell["tag"]: cell for row in main["rows"] for cell in row}
    rows = results["expressions"][...]
    splits = {v: k for k, v in h5py.check_enum_dtype(results["expressions"].dtype["split"]).items()}
    checked = 0
    for v, variant in enumerate(results["variants"]["id"]):
        for split, name in splits.items():
            mine = rows[(rows["variant"] == v) & (rows["split"] == split)]
            ciou = mine["intersection"].sum() / mine["union"].sum()
            assert cells[f"{variant.decode()}/{name}/ciou"]["printed"] == f"{100 * ciou:.2f}"
            checked += 1
    assert checked == 4


def test_speed_up_is_the_ratio_of_sums_of_paired_units(run, results):
    main = json.loads((run / "tables" / "main.json").read_text())
    cells = {cell["tag"]: cell for row in main["rows"] for cell in row}
    units = results["units"][...]
    timed = units[units["pass"] == 1]
    total = {v: timed[timed["variant"] == v]["total_ns"].sum() for v in (0, 1)}
    assert cells["random@64/speed_up"]["value"] == pytest.approx(total[0] / total[1])


def test_exit_codes_and_what_is_printed(tmp_path):
    partial = tmp_path / "partial"
    subprocess.run([BIN / "analysis_make_run", partial, "--without-image-30"], check=True)
    done = reduce(partial)
    assert done.returncode == 3
    assert "PARTIAL: 2 of 6 bundles are missing; continue with: mpirun -n 2 litebench" in done.stdout
    assert "missing: refcoco/testA latency: 1 image (30)" in done.stdout
    assert json.loads((partial / "verdict.json").read_text())["verdict"] == "PARTIAL"
    assert reduce(tmp_path / "nothing").returncode == 74
    (tmp_path / "empty" / "shards").mkdir(parents=True)
    nothing = reduce(tmp_path / "empty")
    assert nothing.returncode == 65 and "no readable shard" in nothing.stderr
    assert reduce(partial, "--accum", "f16").returncode == 64
    assert reduce(partial, "--no-such-option").returncode == 64
    assert reduce(partial, "--format", "word").returncode == 64
    assert reduce(partial, partial).returncode == 64


def test_the_output_folder_keeps_the_run_untouched(tmp_path):
    run, output = tmp_path / "run", tmp_path / "out"
    subprocess.run([BIN / "analysis_make_run", run], check=True)
    assert reduce(run, "--output", output, "--accum", "f32", "--format", "markdown").returncode == 0
    assert {path.name for path in run.iterdir()} == {"shards"}
    assert {path.name for path in output.iterdir()} == {"report", "results.h5", "tables", "verdict.json"}
    assert "float32 sums" in (output / "tables" / "main.md").read_text()
    assert subprocess.run([BIN / "litebench-reduce", "--version"], capture_output=True).returncode == 0
