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


def test_a_cleanly_closed_shard_needs_no_swmr(tmp_path):
    path = tmp_path / "a-r0.h5"
    subprocess.run([WRITER, path, "3"], check=True)
    with h5py.File(path, "r") as file:
        assert file["log"].dtype == "u1"
        assert file["log"].maxshape == (None,)
