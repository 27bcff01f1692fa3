"""The exporter's folders, opened by transformers, sentencepiece and the C++ program."""

import sys
from pathlib import Path

import pytest
import torch
import transformers
from model.pocket import dialogue, export, geometry, oracle, vocabulary
from model.pocket.model import random_model

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "harness/run"))
from support import run_config, sweep  # noqa: E402

QUESTION = dialogue.question(4, "small red star on the left")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    vocabulary.learn(folder / "tokenizers", 9)
    llama, clip = (kind(folder / "tokenizers") for kind in (vocabulary.LlamaTokenizer, vocabulary.ClipTokenizer))
    model = random_model(geometry.pocket(llama.size, clip.size), seed=9)
    export.export(model, folder / "tokenizers", folder)
    return folder, model


def test_reading_back_gives_the_model_rounded_as_the_published_one_is(exported):
    folder, model = exported
    read, written = oracle.load_exported(folder).state_dict(), model.state_dict()
    assert read.keys() == written.keys()
    for name, tensor in written.items():
        kept = name.startswith(("clip.", "model.grounding_encoder.", "model.text_hidden_fcs."))
        assert torch.equal(read[name], tensor if kept else tensor.bfloat16().float()), name


@torch.no_grad()
def test_transformers_opens_the_clip_folder(exported):
    folder, model = exported
    other = transformers.CLIPModel.from_pretrained(folder / "clip").eval()
    ids = transformers.CLIPTokenizerFast.from_pretrained(folder / "clip")(QUESTION).input_ids
    own = vocabulary.ClipTokenizer(folder / "clip").encode(QUESTION)
    assert ids == own
    ids = torch.tensor([own])
    embedding = other.text_projection(other.text_model(ids).pooler_output)
    assert torch.allclose(model.clip.text_embedding(ids), embedding, atol=1e-5)


def one_image(folder, tmp_path, expect):
    text = sweep(tmp_path / "run", splits=["refcoco/val"], glamm=folder / "glamm", clip=folder / "clip",
                 sweeps='[[sweep]]\nmethod = "none"\n')
    return run_config(tmp_path, text, "--limit", "1", expect=expect)


def test_litebench_finds_every_tensor(exported, tmp_path):
    one_image(exported[0], tmp_path, expect=0)


def test_litebench_says_which_tensor_is_missing(exported, tmp_path):
    folder, model = exported
    broken = random_model(model.geometry, seed=9)
    broken.model.mm_projector[2].register_parameter("bias", None)
    export.export(broken, folder / "tokenizers", tmp_path)
    done = one_image(tmp_path, tmp_path, expect=65)
    assert "model.mm_projector.2.bias" in done.stdout + done.stderr
