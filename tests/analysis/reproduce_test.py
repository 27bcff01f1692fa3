"""`litebench-reduce reproduce`: the gate of ±0.3 and ±1.5 points."""

import json
import sys
from pathlib import Path

import h5py

sys.path.insert(0, str(Path(__file__).resolve().parent))
from reducing import reducer, synthetic

PUBLISHED = {"none": {"refcoco/val": 79.5, "refcoco/testA": 83.2}, "litelvlm@64": {"refcoco/val": 66.3, "refcoco/testA": 74.5}}
REFERENCE = {"sampling": "sampled3", "turns": "upto3", "template": "random", "answer": "random",
             "simtext": "question", "sim": "dot", "gt": "sum", "eps": "upstream", "seed": "17"}


def measured(folder, off, protocol=REFERENCE):
    """A run whose cIoU is the published one plus `off` points: its rows are rewritten."""
    run = synthetic(folder, "--second-variant", "litelvlm@64", "--protocol", json.dumps(protocol))
    with h5py.File(run / "results.h5", "r+") as file:
        rows = file["expressions"][...]
        splits = {value: key for key, value in h5py.check_enum_dtype(rows.dtype["split"]).items()}
        for row in rows:
            variant = ("none", "litelvlm@64")[row["variant"]]
            row["union"] = 1_000_000
            row["intersection"] = round(10_000 * (PUBLISHED[variant][splits[row["split"]]] + off[variant]))
        file["expressions"][...] = rows
    return run


def test_a_miss_is_not_reproduced_and_marked(tmp_path):
    run = measured(tmp_path / "run", {"none": 0.2, "litelvlm@64": -1.8})
    said = reducer("reproduce", run, expect=1)
    assert "NOT REPRODUCED: 2 numbers within the gate, 2 outside" in said
    assert "-1.80 !" in said and "+0.20" in said


def test_what_is_within_the_gate_is_undecided_while_the_rest_is_missing(tmp_path):
    run = measured(tmp_path / "run", {"none": -0.3, "litelvlm@64": 1.5})
    said = reducer("reproduce", run, expect=3)
    assert "UNDECIDED: 4 numbers within the gate, 0 outside" in said and "1 of 3 protocol seeds" in said


def test_the_gate_of_none_is_the_narrow_one(tmp_path):
    run = measured(tmp_path / "run", {"none": 0.4, "litelvlm@64": 0.4})
    assert "2 numbers within the gate, 2 outside" in reducer("reproduce", run, expect=1)


def test_another_protocol_decides_nothing_and_is_named(tmp_path):
    run = measured(tmp_path / "run", {"none": 0, "litelvlm@64": 0}, {**REFERENCE, "gt": "union"})
    said = reducer("reproduce", run, expect=3)
    assert "0 of 3 protocol seeds (protocol 0 has gt other than sum)" in said


def test_unknown_references_are_errors(tmp_path):
    run = synthetic(tmp_path / "run")
    assert "did you mean litelvlm-icml26" in reducer("reproduce", run, "--reference", "litelvlm-icml62", expect=64)
