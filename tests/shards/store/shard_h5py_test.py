"""A shard is an HDF5 file that h5py opens, live ones with SWMR; its frames are walked by a reader written from docs/format.md."""
import json
import os
import struct
import subprocess

import h5py
import pytest

WRITER = os.path.join(os.environ["LITEBENCH_BIN"], "write_sample_shard")
HEADER = struct.Struct("<IHHQ")
COMMIT_COUNTS_AT = 8 + 1 + 3 * 2 + 8   # bundle_id, pass, dataset, split, protocol, image_id

BYTES = "QI"
ROWS = {   # docs/format.md
    17: "<qiih" + BYTES,
    18: "<Qhhhqqihh",
    19: "<Qbqqqqbb4f" + BYTES + BYTES,
    20: "<Qhhbb6qQ" + BYTES,
    21: "<Qhhbbhhhhhif9qqqqqddiiiq" + BYTES,
    22: "<Qhhh" + BYTES,
    32: "<Qbhhhq6i9qqqQ",
}


def frames(log):
    at = 0
    while at < len(log):
        magic, kind, schema, length = HEADER.unpack_from(log, at)
        assert magic == 0x3146424C and schema == 1
        yield kind, log[at + HEADER.size : at + HEADER.size + length]
        at += HEADER.size + length + 8
    assert at == len(log)


@pytest.mark.parametrize("killed", [False, True])
def test_h5py_reads_the_log(tmp_path, killed):
    path = tmp_path / "a-r0.h5"
    env = dict(os.environ, LEAVE_OPEN="1") if killed else os.environ
    subprocess.run([WRITER, path, "50"], check=True, env=env)
    with h5py.File(path, "r", libver="latest", swmr=True) as file:
        assert file.attrs["format"] in ("litebench live log", b"litebench live log")
        assert file.attrs["schema"] == 1
        log = file["log"][:].tobytes()
    kinds = []
    commits = []
    for kind, payload in frames(log):
        kinds.append(kind)
        if kind == 1:
            assert json.loads(payload)["variants"] == ["none", "litelvlm@192"]
        if kind == 32:
            commits.append((struct.unpack_from("<Q", payload)[0], struct.unpack_from("<6i", payload, COMMIT_COUNTS_AT)))
    assert kinds[0] == 1
    assert (kinds[-1] == 3) == (not killed)
    assert commits == [(i, (1, 1, 1, 3, 3, 3)) for i in range(50)]


def test_rows_lie_as_the_format_says(tmp_path):
    path = tmp_path / "a-r0.h5"
    subprocess.run([WRITER, path, "5"], check=True)
    with h5py.File(path, "r", libver="latest", swmr=True) as file:
        log = file["log"][:].tobytes()
    heap = b""
    number = -1
    for kind, payload in frames(log):
        if kind == 16:
            heap = payload
            number += 1
        if kind not in ROWS:
            continue
        rows = list(struct.iter_unpack(ROWS[kind], payload))
        assert len(rows) == {17: 1, 18: 1, 19: 1, 32: 1}.get(kind, 3)
        slice_of = lambda row: heap[row[-2] : row[-2] + row[-1]]
        if kind == 17:
            assert rows[0][:4] == (1000 + number, 480, 640, 0) and slice_of(rows[0]) == b"COCO_train2014.jpg"
        if kind == 19:
            assert rows[0][3] == 5 and slice_of(rows[0]) == b"rle"
        if kind == 20:
            assert [row[1] for row in rows] == [0, 1, 2] and [row[6] for row in rows] == [10, 11, 12]
            assert slice_of(rows[2]).decode() == f"mask-of-bundle-{number:06}-unit"
        if kind == 21:
            assert all(row[0] == number * 7 and row[8] == 192 for row in rows) and [row[21] for row in rows] == [0, 1, 2]
        if kind == 22:
            assert slice_of(rows[0]) == b"i" * 384
        if kind == 32:
            assert rows[0][0] == number and rows[0][22] == 2_000_000_000


def test_a_cleanly_closed_shard_needs_no_swmr(tmp_path):
    path = tmp_path / "a-r0.h5"
    subprocess.run([WRITER, path, "3"], check=True)
    with h5py.File(path, "r") as file:
        assert file["log"].dtype == "u1"
        assert file["log"].maxshape == (None,)
