"""The dependency rules of docs/architecture.md, checked on every #include of the tree."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("base", "kernels", "shards", "model", "analysis", "harness")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# folder -> prefixes of the project's own headers it may include, longest matching folder first
OWN = {
    "kernels": ["kernels/"],
    "base": ["base/"],
    "shards": ["shards/", "base/", "kernels/"],
    "shards/store": ["shards/store/", "shards/unit/", "base/", "kernels/"],
    "model": ["model/", "base/", "kernels/", "shards/unit/", "shards/protocol/"],
    "model/checkpoint": ["model/", "base/"],
    "analysis": ["analysis/", "shards/", "base/", "kernels/"],
    "harness": ["harness/", "model/", "shards/", "analysis/", "base/", "kernels/"],
}

TORCH = r"(ATen|c10|torch|caffe2)/.*"
# outside header -> the files or folders that may include it
OUTSIDE = {
    TORCH: ["model/", "harness/"],
    r"hdf5\.h|H5\w*\.h": ["shards/store/"],
    r"mpi\.h": ["shards/handout/", "harness/launch/"],
    r"simdjson.*": ["base/json.cpp"],
    r"xxhash\.h": ["base/hash.cpp"],
    r"toml\+\+/.*|toml\.hpp": ["base/toml.cpp"],
    r"turbojpeg\.h|jpeglib\.h": ["model/image/"],
    r"png\.h": ["harness/inspect/"],
    r"torch/csrc/.*": ["model/prune/outside/"],
    r"sentencepiece.*": ["model/text/"],
    r"unicode/.*": ["base/", "model/text/"],
    r"nccl\.h": ["model/cuda/"],
    r"nvml\.h": ["model/cuda/"],
    r"cuda.*\.h": ["model/cuda/", "kernels/"],
    r"boost/.*": ["harness/", "analysis/cli/"],
    r"nlohmann/.*": ["analysis/", "harness/", "shards/"],
    r"fmt/.*": ["base/", "shards/", "model/", "analysis/", "harness/"],
}
# headers that stay behind one file, so that a change of library is a change of one file
AT_MOST_ONE_FILE = [r"simdjson.*", r"toml\+\+/.*", r"turbojpeg\.h", r"png\.h", r"nccl\.h", r"nvml\.h", r"xxhash\.h"]


def sources():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".hpp", ".cpp", ".cu", ".h", ".cuh"}:
                yield path.relative_to(ROOT).as_posix(), path.read_text()


def includes():
    for name, text in sources():
        for bracket, header in INCLUDE.findall(text):
            yield name, bracket, header


def own_rule(name):
    folder = max((f for f in OWN if name.startswith(f + "/")), key=len)
    return OWN[folder]


def own_violations(found):
    return [
        f"{name} includes {header}"
        for name, bracket, header in found
        if header.split("/")[0] in FOLDERS and not any(header.startswith(p) for p in own_rule(name))
    ]


def outside_violations(found):
    wrong = []
    for name, _, header in found:
        for pattern, allowed in OUTSIDE.items():
            if re.fullmatch(pattern, header) and not any(name.startswith(a) for a in allowed):
                wrong.append(f"{name} includes {header}, which only {' and '.join(allowed)} may")
    return wrong


def test_the_tree_is_where_the_rules_expect_it():
    assert len(list(includes())) > 200


def test_each_folder_includes_only_what_lies_below_it():
    assert own_violations(includes()) == []


def test_outside_libraries_stay_behind_their_folder():
    assert outside_violations(includes()) == []


@pytest.mark.parametrize("pattern", AT_MOST_ONE_FILE)
def test_a_library_that_might_be_exchanged_has_one_door(pattern):
    doors = {name for name, _, header in includes() if re.fullmatch(pattern, header)}
    assert len(doors) <= 1, sorted(doors)


def test_own_headers_are_included_with_quotes_from_the_root_and_exist():
    wrong = [
        f"{name}: {header}"
        for name, bracket, header in includes()
        if bracket == '"' and not (ROOT / header).exists() and header != "commit.inc"
    ]
    assert wrong == []


def test_whole_libtorch_is_never_included():
    banned = {"torch/torch.h", "torch/all.h", "torch/extension.h", "ATen/ATen.h", "ATen/Functions.h"}
    assert [f"{n}: {h}" for n, _, h in includes() if h in banned] == []


def test_every_header_begins_with_pragma_once():
    wrong = [name for name, text in sources() if name.endswith(".hpp") and not text.startswith("#pragma once")]
    assert wrong == []


@pytest.mark.parametrize(
    "name, header",
    [
        ("kernels/rle/rle.cpp", "base/error.hpp"),
        ("shards/refer/refer.cpp", "model/geometry.hpp"),
        ("model/clip/vision.cpp", "shards/store/shard.hpp"),
        ("analysis/rows/rows.cpp", "model/geometry.hpp"),
        ("base/json.cpp", "shards/unit/variant.hpp"),
    ],
)
def test_the_check_sees_a_forbidden_own_include(name, header):
    assert own_violations([(name, '"', header)]) == [f"{name} includes {header}"]


@pytest.mark.parametrize(
    "name, header",
    [
        ("kernels/rle/rle.cpp", "ATen/core/Tensor.h"),
        ("analysis/rows/rows.cpp", "c10/util/Half.h"),
        ("model/glamm.cpp", "mpi.h"),
        ("harness/evaluate/run.cpp", "hdf5.h"),
        ("shards/refer/instances.cpp", "simdjson.h"),
    ],
)
def test_the_check_sees_a_forbidden_outside_include(name, header):
    assert len(outside_violations([(name, "<", header)])) == 1
