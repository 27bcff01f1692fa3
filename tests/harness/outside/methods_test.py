"""A dump, and what programs make of it: TRIM and DivPrune computed outside of litebench, as plans and as scripted modules,
get the cells of the built-in methods. The programs of docs/outside-methods.md are run as printed."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Tuple

import h5py
import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from plan_files import write_plans  # noqa: E402
from pruners import DivPrune, Trim  # noqa: E402
from support import ROOT, Results, integers, run, run_config, sweep  # noqa: E402

SPLITS = ["refcoco/val", "refcocog/test"]
BUDGETS = [64, 192]
BUILT_IN = f'[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = ["trim", "divprune", "sim_low"]\ntokens = {BUDGETS}\n'


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A finished run of the built-in methods and a dump of its images, of one configuration."""
    folder = tmp_path_factory.mktemp("work")
    run_config(folder, sweep(folder / "run", splits=SPLITS, sweeps=BUILT_IN))
    done = run("dump", "--config", folder / "sweep.toml", "--limit", 1000, "--output", folder / "dump.h5")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def built_in(work):
    return Results(work / "run/results.h5")


def cells(results, variant):
    """{(split, image, sentence, turn): pixel counts and mask}"""
    return {key[:4]: (int(row["status"]), int(row["intersection"]), int(row["union"]), results.payload(row))
            for key, row in results.expressions().items() if key[4] == variant}


def variant_of(results, stem, tokens):
    (found,) = [v for v in results.variants if re.fullmatch(rf"\w+:{stem}-[0-9a-f]{{8}}@{tokens}", v)]
    return found


def sweep_of(methods, tokens=BUDGETS):
    listed = ", ".join(f'"{method}"' for method in methods)
    return f'[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = [{listed}]\ntokens = {tokens}\n'


def samples_of(dump):
    for dataset in dump.values():
        for split in dataset.values():
            for image in split.values():
                for sample in image["samples"].values():
                    yield split.name[1:], image, sample


def plans_by(module, dump):
    """What the module answers for every conversation of the dump, as plans."""
    plans = {}
    for split, image, sample in samples_of(dump):
        for tokens in BUDGETS:
            tensors = {"joint": image["joint"][:], "projected": image["projected"][:], "text": sample["text"][:]}
            wanted = {"joint", "text"} if isinstance(module, Trim) else {"projected"}
            answer = module(tokens=tokens, **{name: torch.from_numpy(tensors[name]) for name in wanted})
            plan = dict(image_id=image.attrs["image_id"], sent_ids=sample["sent_id"][:], tokens=tokens)
            names = ("part_ptr", "index", "weight", "anchor") if isinstance(answer, tuple) else ("index",)
            plan.update(zip(names, map(np.asarray, answer if isinstance(answer, tuple) else (answer,))))
            plans.setdefault(split, []).append(plan)
    return plans


def test_plans_computed_from_a_dump_get_the_cells_of_the_built_in_methods(tmp_path, work, built_in):
    with h5py.File(work / "dump.h5") as dump:
        files = [write_plans(tmp_path / f"{name}.h5", plans_by(module, dump))
                 for name, module in (("trim", Trim()), ("divprune", DivPrune()))]
    done = run_config(tmp_path, sweep(tmp_path / "run", splits=SPLITS, sweeps=sweep_of([f"plan:{f}" for f in files])))
    assert "VALID" in done.stdout, done.stdout
    results = Results(tmp_path / "run/results.h5")
    compared = 0
    for name in ("trim", "divprune"):
        for tokens in BUDGETS:
            mine, theirs = cells(results, variant_of(results, name, tokens)), cells(built_in, f"{name}@{tokens}")
            assert mine == theirs, (name, tokens)
            compared += len(mine)
    assert compared >= 4 * 20
    assert cells(built_in, "trim@64") != cells(built_in, "divprune@64")


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modules")
    for name, module in (("trim", Trim()), ("divprune", DivPrune())):
        torch.jit.script(module).save(folder / f"{name}.pt")
    return folder


def test_scripted_modules_get_the_cells_of_the_built_in_methods_on_any_number_of_ranks(tmp_path, modules, built_in):
    methods = [f"torchscript:{modules}/{name}.pt" for name in ("trim", "divprune")]
    both = []
    for ranks in (None, 2):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        done = run_config(folder, sweep(folder / "run", splits=SPLITS, sweeps=sweep_of(methods)), ranks=ranks)
        assert "VALID" in done.stdout, done.stdout
        both.append(integers(folder / "run/results.h5"))
    results = Results(tmp_path / "None/run/results.h5")
    for name in ("trim", "divprune"):
        for tokens in BUDGETS:
            assert cells(results, variant_of(results, name, tokens)) == cells(built_in, f"{name}@{tokens}")
    assert both[0] == both[1]


def test_a_scripted_module_is_timed_like_a_built_in_method(tmp_path, modules):
    extra = "[passes]\naccuracy = false\nlatency = { images = 1, repeats = 3, warmup = 1 }"
    sweeps = sweep_of(["divprune", f"torchscript:{modules}/divprune.pt"], [64])
    run_config(tmp_path, sweep(tmp_path / "run", splits=["refcoco/val"], sweeps=sweeps, extra=extra))
    results = Results(tmp_path / "run/results.h5")
    select = {}
    for unit in results.tables["units"]:
        assert unit["status"] == 0 and (unit["stage_ns"] >= 0).all()
        select.setdefault(results.variants[unit["variant"]].split(":")[0], []).append(int(unit["stage_ns"][3]))
    # Both choose among all patches; `none` chooses nothing.
    assert min(select["torchscript"]) > 10 * max(select["none"])


def code_block(marker, language):
    text = (ROOT / "docs/outside-methods.md").read_text()
    return re.search(rf"<!-- test: {marker} -->\n```{language}\n(.*?)```", text, re.DOTALL).group(1)


def test_the_documented_programs_get_the_cells_of_sim_low(tmp_path, work, built_in):
    """The page's plan keeps the 64 patches least similar to the mean text, its module those of the least mean similarity."""
    (tmp_path / "dump.h5").symlink_to(work / "dump.h5")
    for name, marker in (("plans", "plans"), ("module", "torchscript")):
        (tmp_path / f"{name}.py").write_text(code_block(marker, "python"))
        subprocess.run([sys.executable, f"{name}.py"], cwd=tmp_path, check=True)
    methods = [f"plan:{tmp_path}/plans.h5", f"torchscript:{tmp_path}/least_similar.pt"]
    run_config(tmp_path, sweep(tmp_path / "run", splits=["refcoco/val"], sweeps=sweep_of(methods, [64])))
    results = Results(tmp_path / "run/results.h5")
    expected = {key: cell for key, cell in cells(built_in, "sim_low@64").items() if key[0] == "refcoco/val"}
    assert cells(results, variant_of(results, "plans", 64)) == expected
    assert cells(results, variant_of(results, "least_similar", 64)) == expected


class Documented(torch.nn.Module):
    """Checks inside of the run what the page says of shapes, and keeps the first patches."""

    def forward(self, grid: int, tokens: int, features: torch.Tensor, joint: torch.Tensor, text: torch.Tensor,
                cls_attention: torch.Tensor, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor,
                next_queries: torch.Tensor, next_keys: torch.Tensor, next_values: torch.Tensor,
                projected: torch.Tensor) -> torch.Tensor:
        patches = grid * grid
        for rows in [features, queries, keys, values, next_queries, next_keys, next_values]:
            assert rows.shape[0] == 1 + patches and rows.shape[1] == features.shape[1]
        assert joint.shape[0] == patches and joint.shape[1] == text.shape[1]
        assert cls_attention.shape[1] == patches and projected.shape[0] == patches
        heads = cls_attention.shape[0]
        q = queries[0].view(heads, 1, -1)
        k = keys.view(1 + patches, heads, -1).permute(1, 2, 0)
        attention = (torch.matmul(q, k).squeeze(1) / (q.shape[2] ** 0.5)).softmax(-1)[:, 1:]
        assert (attention - cls_attention).abs().max() < 1e-5
        features.zero_()   # its own copy: other variants are not to see this
        return torch.arange(tokens, dtype=torch.int32)


def test_a_module_sees_every_documented_tensor_and_cannot_spoil_those_of_others(tmp_path, built_in):
    torch.jit.script(Documented()).save(tmp_path / "documented.pt")
    methods = [f"torchscript:{tmp_path}/documented.pt", "trim", "divprune", "sim_low"]
    done = run_config(tmp_path, sweep(tmp_path / "run", splits=SPLITS, sweeps=sweep_of(methods)))
    assert "VALID" in done.stdout, done.stdout
    results = Results(tmp_path / "run/results.h5")
    retained = [results.payload(row) for row in results.tables["tokens"]
                if results.variants[results.tables["units"][row["unit"]]["variant"]] == variant_of(results, "documented", 64)]
    assert retained and set(retained) == {np.arange(64, dtype="<i2").tobytes()}
    # trim's merged token is made of `features`
    status = [cell[0] for cell in cells(results, "trim@64").values()]
    assert set(status) == {0}


def test_a_dump_holds_what_the_page_says(work, built_in):
    sentences = {(int(r["sample_id"]), int(r["turn"])): r for r in built_in.tables["sentences"]}
    seen = 0
    with h5py.File(work / "dump.h5") as dump:
        assert dump.attrs["format"] == "litebench dump" and dump.attrs["schema"] == 1 and dump.attrs["dtype"] == "fp32"
        assert dump.attrs["protocol.simtext"] == "question"
        for split, image, sample in samples_of(dump):
            (sample_id,) = sample["sample_id"][:]
            questions = len(sample["sent_id"])
            assert sample["mask"].shape == (questions, image.attrs["height"], image.attrs["width"])
            for turn in range(questions):
                row = sentences[int(sample_id), turn]
                assert row["sent_id"] == sample["sent_id"][turn] and row["ref_id"] == sample["ref_id"][turn]
                assert np.array_equal(row["box"], sample["box"][turn])
                text = built_in.bytes[int(row["text_offset"]):int(row["text_offset"]) + int(row["text_length"])]
                assert sample["expression"][turn] == text
                assert text.decode().strip().lower() in sample["question"][turn].decode()
                seen += 1
            assert set(image) == {"features", "joint", "cls_attention", "queries", "keys", "values", "next_queries",
                                  "next_keys", "next_values", "projected", "samples"}
            # the towers' own weights lead from one to the other
            assert image["features"].shape[0] == 1 + image["joint"].shape[0] == 1 + image["projected"].shape[0]
    assert seen == len(sentences)


def test_a_dump_is_of_the_images_that_were_asked_for(tmp_path, work):
    output = tmp_path / "some.h5"
    with h5py.File(work / "dump.h5") as dump:
        ids = sorted(dump["refcoco/val"])[:2]
    done = run("dump", "--config", work / "sweep.toml", "--image", ",".join(ids), "--output", output)
    assert done.returncode == 0, done.stderr
    with h5py.File(output) as some, h5py.File(work / "dump.h5") as dump:
        assert sorted(some["refcoco/val"]) == ids
        assert np.array_equal(some["refcoco/val"][ids[0]]["features"], dump["refcoco/val"][ids[0]]["features"])
    again = run("dump", "--config", work / "sweep.toml", "--image", ids[0], "--output", output)
    assert again.returncode == 74 and "some.h5" in again.stderr


def test_a_dump_without_images_or_of_unknown_ones_is_refused(tmp_path, work):
    config = ["--config", work / "sweep.toml"]
    for arguments, part in [([*config, "--output", "x.h5"], "--limit"), ([*config, "--image", "1"], "--output is missing"),
                            ([*config, "--image", "1x", "--output", "x.h5"], '"1x" is no number'),
                            ([*config, "--image", "1", "--output", tmp_path / "x.h5"], "it is in none of"),
                            (["--image", "1", "--output", "x.h5"], "--config is missing")]:
        done = run("dump", *arguments)
        assert done.returncode == 64 and part in done.stderr, (arguments, done.stderr)
    two = [*config, "--set", "protocol.simtext=['question', 'expression']"]
    done = run("dump", *two, "--limit", 1, "--output", tmp_path / "x.h5")
    assert done.returncode == 64 and "2 protocols" in done.stderr, done.stderr


class TooFew(torch.nn.Module):
    def forward(self, tokens: int) -> torch.Tensor:
        return torch.arange(tokens - 1)


class OutOfRange(torch.nn.Module):
    def forward(self, tokens: int, grid: int) -> torch.Tensor:
        return torch.arange(tokens) + grid * grid - tokens + 1


class Repeated(torch.nn.Module):
    def forward(self, tokens: int) -> torch.Tensor:
        return torch.zeros(tokens, dtype=torch.long)


class NanWeights(torch.nn.Module):
    def forward(self, tokens: int) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return torch.arange(tokens + 1), torch.arange(tokens), torch.full([tokens], float("nan"))


class RealIndices(torch.nn.Module):
    def forward(self, tokens: int) -> torch.Tensor:
        return torch.arange(tokens).float()


class Number(torch.nn.Module):
    def forward(self, tokens: int) -> int:
        return tokens


class TwoOfThree(torch.nn.Module):
    def forward(self, tokens: int) -> Tuple[torch.Tensor, torch.Tensor]:
        return torch.arange(tokens + 1), torch.arange(tokens)


class Raises(torch.nn.Module):
    def forward(self, joint: torch.Tensor, tokens: int) -> torch.Tensor:
        return joint[:, 100000].argsort()[:tokens]


BAD = [(TooFew, "63 tokens, not the 64"), (OutOfRange, "index 576 is out of range"), (Repeated, "index 0 is repeated"),
       (NanWeights, "weight nan of index 0 is not finite"), (RealIndices, "no one-dimensional tensor of integers"),
       (Number, "forward() returns neither"), (TwoOfThree, "forward() returns neither"),
       (Raises, "the module failed: RuntimeError: select(): index 100000 out of range")]


def test_bad_answers_of_modules_are_told_by_image(tmp_path):
    methods = []
    for module, _ in BAD:
        torch.jit.script(module()).save(tmp_path / f"{module.__name__}.pt")
        methods.append(f"torchscript:{tmp_path}/{module.__name__}.pt")
    done = run_config(tmp_path, sweep(tmp_path / "run", splits=["refcoco/val"], sweeps=sweep_of(methods, [64])), expect=3)
    assert "PARTIAL" in done.stdout
    results = Results(tmp_path / "run/results.h5")
    failures = {}
    for row in results.tables["failures"]:
        assert row["status"] == results.enums["status"]["failed_method"]
        text = results.bytes[int(row["message_offset"]):int(row["message_offset"]) + int(row["message_length"])].decode()
        assert text.startswith(f"image {row['image_id']} of refcoco/val: ")
        failures.setdefault(results.variants[row["variant"]].split(":")[1].split("-")[0], []).append(text)
    for module, message in BAD:
        assert all(message in text for text in failures[module.__name__]), (module, failures[module.__name__])
    assert len({len(texts) for texts in failures.values()}) == 1   # each fails for every image
    assert {row["status"] for key, row in results.expressions().items() if key[4] == "none"} == {0}


class Stranger(torch.nn.Module):
    def forward(self, jont: torch.Tensor, tokens: int) -> torch.Tensor:
        return torch.arange(tokens)


def test_a_module_that_cannot_be_used_stops_the_start(tmp_path):
    torch.jit.script(Stranger()).save(tmp_path / "stranger.pt")
    (tmp_path / "text.pt").write_text("no archive")
    for name, code, part in (("stranger", 64, 'did you mean "joint"?'), ("text", 65, "text.pt"), ("missing", 74, "missing.pt")):
        sweeps = sweep_of([f"torchscript:{tmp_path}/{name}.pt"], [64])
        done = run_config(tmp_path, sweep(tmp_path / "run", splits=["refcoco/val"], sweeps=sweeps), expect=code)
        assert part in done.stderr, done.stderr
        assert not (tmp_path / "run").exists()


PLUGIN_ENTRY = "const litebench_plugin* litebench_plugin_entry(void) { return &table; }\n"


def compiled(folder, name, source):
    (folder / f"{name}.c").write_text(source)
    subprocess.run(["cc", "-Wall", "-Werror", "-O2", "-shared", "-fPIC", f"-I{ROOT}/model/prune", f"{name}.c", "-o", f"{name}.so"],
                   cwd=folder, check=True)
    return folder / f"{name}.so"


def test_the_documented_plug_in_keeps_the_diagonal(tmp_path):
    file = compiled(tmp_path, "diagonal", code_block("plugin", "c"))
    done = run_config(tmp_path, sweep(tmp_path / "run", splits=["refcoco/val"], sweeps=sweep_of([f"plugin:{file}"], [24, 64])))
    assert "VALID" in done.stdout, done.stdout
    results = Results(tmp_path / "run/results.h5")
    diagonal = [25 * i for i in range(24)]
    expected = {24: diagonal, 64: sorted(diagonal + [i for i in range(576) if i not in diagonal][:40])}
    for tokens, index in expected.items():
        variant = variant_of(results, "diagonal", tokens)
        kept = {results.payload(row) for row in results.tables["tokens"]
                if results.variants[results.tables["units"][row["unit"]]["variant"]] == variant}
        assert kept == {np.array(index, dtype="<i2").tobytes()}
    (tmp_path / "run").rename(tmp_path / "old")
    done = run_config(tmp_path, sweep(tmp_path / "run", splits=["refcoco/val"], sweeps=sweep_of([f"plugin:{file}"], [23])), expect=3)
    assert "the diagonal does not fit the budget" in done.stdout


def test_a_plug_in_in_c_gets_the_cells_of_trim(tmp_path, built_in):
    source = r"""
#include <stdlib.h>
#include "plugin.h"
static const float* key;
static int before(const void* a, const void* b) {
  const int64_t i = *(const int64_t*)a, j = *(const int64_t*)b;
  if (key[i] != key[j]) return key[i] < key[j] ? -1 : 1;
  return i < j ? -1 : 1;
}
static int trim(const litebench_view* view, litebench_answer* answer) {
  const litebench_matrix joint = view->inputs[LITEBENCH_JOINT], text = view->inputs[LITEBENCH_TEXT];
  if (joint.cols != text.cols || joint.rows != view->patches || view->inputs[LITEBENCH_PROJECTED].data) return 7;
  float* mean = calloc(view->patches, sizeof *mean);
  int64_t* order = calloc(view->patches, sizeof *order);
  char* kept = calloc(view->patches, 1);
  for (int64_t p = 0; p < view->patches; ++p) {
    double sum = 0;
    for (int64_t q = 0; q < text.rows; ++q)
      for (int64_t c = 0; c < text.cols; ++c) sum += (double)joint.data[p * joint.cols + c] * text.data[q * text.cols + c];
    mean[p] = (float)(sum / text.rows);
    order[p] = p;
  }
  key = mean;
  qsort(order, view->patches, sizeof *order, before);
  for (int64_t i = 0; i + 1 < view->tokens; ++i) kept[order[i]] = 1;
  for (int64_t p = 0; p < view->patches; ++p) if (kept[p]) answer->keep(answer, p);
  const float weight = 1.0f / (float)(view->patches - view->tokens + 1);
  for (int64_t p = 0; p < view->patches; ++p) if (!kept[p]) answer->part(answer, p, weight);
  answer->end(answer);
  free(mean); free(order); free(kept);
  return 0;
}
static const litebench_plugin table = {LITEBENCH_PLUGIN_VERSION, 1u << LITEBENCH_JOINT | 1u << LITEBENCH_TEXT, "TRIM", trim};
""" + PLUGIN_ENTRY
    file = compiled(tmp_path, "trim", source)
    run_config(tmp_path, sweep(tmp_path / "run", splits=SPLITS, sweeps=sweep_of([f"plugin:{file}"])))
    results = Results(tmp_path / "run/results.h5")
    for tokens in BUDGETS:
        assert cells(results, variant_of(results, "trim", tokens)) == cells(built_in, f"trim@{tokens}")


NOTHING = "static int nothing(const litebench_view* v, litebench_answer* a) { (void)v; (void)a; return 0; }\n"
REFUSED = {
    "version": ('#include "plugin.h"\n' + NOTHING + 'static const litebench_plugin table = {LITEBENCH_PLUGIN_VERSION + 1, 0, "x", nothing};\n'
                + PLUGIN_ENTRY, "it speaks version 2, this litebench version 1"),
    "silent": ("int unrelated(void) { return 1; }\n", "it exports no litebench_plugin_entry"),
    "empty": ('#include "plugin.h"\nconst litebench_plugin* litebench_plugin_entry(void) { return 0; }\n', "returns nothing"),
    "selectless": ('#include "plugin.h"\nstatic const litebench_plugin table = {LITEBENCH_PLUGIN_VERSION, 0, "x", 0};\n' + PLUGIN_ENTRY,
                   "it has no select()"),
    "greedy": ('#include "plugin.h"\n' + NOTHING + 'static const litebench_plugin table = {LITEBENCH_PLUGIN_VERSION, 1u << 20, "x", nothing};\n'
               + PLUGIN_ENTRY, "it asks for inputs"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_plug_in_of_another_kind_is_a_mistake_of_usage(tmp_path, name):
    source, part = REFUSED[name]
    file = compiled(tmp_path, name, source)
    config = sweep(tmp_path / "run", splits=["refcoco/val"], sweeps=sweep_of([f"plugin:{file}"], [64]))
    done = run_config(tmp_path, config, expect=64)
    assert part in done.stderr and "plugin.h" in done.stderr, done.stderr
    assert not (tmp_path / "run").exists()


def test_a_file_that_is_no_shared_object_is_a_mistake_of_usage(tmp_path):
    (tmp_path / "text.so").write_text("no library")
    config = sweep(tmp_path / "run", splits=["refcoco/val"], sweeps=sweep_of([f"plugin:{tmp_path}/text.so"], [64]))
    assert "text.so" in run_config(tmp_path, config, expect=64).stderr


UNFINISHED = {
    "unended": ("(void)v; a->part(a, 3, 0.5f); return 0;", "did not end its last token"),
    "silent": ("(void)v; (void)a; return 0;", "0 tokens, not the 64"),
    "failing": ("(void)v; a->fail(a, \"no mood\"); return 1;", "the plug-in gives no answer (no mood)"),
    "coded": ("(void)v; (void)a; return -3;", "the plug-in gives no answer (code -3)"),
    "foreign": ("for (int64_t i = 0; i < v->tokens; ++i) a->keep(a, 1000000000000 + i); return 0;", "index 1000000000000 is out of range"),
    "infinite": ("for (int64_t i = 0; i < v->tokens; ++i) { a->part(a, i, 1.0f / (float)(i - 5)); a->end(a); } return 0;",
                 "weight inf of index 5 is not finite"),
}


def test_bad_answers_of_plug_ins_are_told_by_image(tmp_path):
    methods = []
    for name, (body, _) in UNFINISHED.items():
        source = ('#include "plugin.h"\nstatic int answer(const litebench_view* v, litebench_answer* a) { ' + body + " }\n"
                  'static const litebench_plugin table = {LITEBENCH_PLUGIN_VERSION, 0, "x", answer};\n' + PLUGIN_ENTRY)
        methods.append(f"plugin:{compiled(tmp_path, name, source)}")
    run_config(tmp_path, sweep(tmp_path / "run", splits=["refcoco/testB"], sweeps=sweep_of(methods, [64])), expect=3)
    results = Results(tmp_path / "run/results.h5")
    for row in results.tables["failures"]:
        name = results.variants[row["variant"]].split(":")[1].split("-")[0]
        text = results.bytes[int(row["message_offset"]):int(row["message_offset"]) + int(row["message_length"])].decode()
        assert text.startswith(f"image {row['image_id']} of refcoco/testB: ") and UNFINISHED[name][1] in text, text
    assert len(results.tables["failures"]) % len(UNFINISHED) == 0 and len(results.tables["failures"]) > 0
