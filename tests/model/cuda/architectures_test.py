"""For which GPUs the CUDA half carries code. Neither cuobjdump nor a GPU is needed: the section with the device code is read directly,
in the layout that nvcc 13 writes (a header per object file, then one header per architecture)."""

import os
import re
import struct
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ["LITEBENCH_BIN"]).parent
MODULE = BUILD / "lib/litebench/liblitebench_cuda.so"
MAGIC, PTX, CUBIN = 0xBA55ED50, 1, 2


def device_code():
    """Per object file the pairs of kind and architecture."""
    sections = subprocess.run(["readelf", "-SW", MODULE], capture_output=True, text=True, check=True).stdout
    offset, size = (int(n, 16) for n in re.search(r"\.nv_fatbin +\S+ +\S+ +([0-9a-f]+) +([0-9a-f]+)", sections).groups())
    section, at, found = MODULE.read_bytes()[offset:offset + size], 0, []
    while at + 16 <= len(section):
        magic, _, header, length = struct.unpack_from("<IHHQ", section, at)
        if magic != MAGIC:    # padding between object files
            at += 8
            continue
        entry, at, kinds = at + header, at + header + length, []
        while entry < at:
            kind, _, entry_header, entry_length = struct.unpack_from("<HHIQ", section, entry)
            kinds.append((kind, struct.unpack_from("<I", section, entry + 28)[0]))
            entry += entry_header + entry_length
        found.append(sorted(kinds))
    return found


@pytest.mark.skipif(not MODULE.exists(), reason="the CUDA half was not built")
@pytest.mark.skipif("CMAKE_CUDA_ARCHITECTURES:" in (BUILD / "CMakeCache.txt").read_text(), reason="built for architectures of somebody's choice")
def test_every_kernel_is_there_for_ampere_hopper_blackwell_and_as_ptx_for_what_comes():
    files = [*ROOT.glob("model/cuda/*.cu"), *ROOT.glob("kernels/*/*.cu")]
    assert device_code() == [[(PTX, 90), (CUBIN, 80), (CUBIN, 90), (CUBIN, 100)]] * len(files)
