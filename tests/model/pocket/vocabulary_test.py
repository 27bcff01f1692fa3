"""Tokenizers of the pocket model, against transformers reading the very files that are shipped."""

import json
from pathlib import Path

import pytest
import transformers
from model.pocket import dialogue, vocabulary

TEXTS = [dialogue.question(t, "The leftmost dotted purple triangle") for t in range(16)] + [
    "it's naïve – 12 things!", "the red object that is near the top of the picture"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("tokenizers")
    vocabulary.learn(path, seed=5)
    return path


def test_clip_ids_are_those_of_transformers(folder):
    other = transformers.CLIPTokenizerFast(vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"))
    own = vocabulary.ClipTokenizer(folder)
    for text in TEXTS:
        assert own.encode(text) == other(text).input_ids


def test_every_byte_has_a_token_so_that_no_text_is_unknown(folder):
    own = vocabulary.ClipTokenizer(folder)
    ids = own.encode("Ω≠☃")
    assert ids[0] == own.start
    assert ids[-1] == own.end
    assert max(ids) == own.end
    assert len(ids) == 2 + len("Ω≠☃".encode())


def test_the_prompt_has_one_picture_and_one_seg_a_turn(folder):
    own = vocabulary.LlamaTokenizer(folder)
    ids = own.prompt(TEXTS[:3], dialogue.ANSWERS[:3])
    assert ids.count(vocabulary.IMAGE) == 1
    assert ids.count(own.seg) == 3
    assert ids[0] == 1
    assert ids[-1] == 2
    added = json.loads((folder / "added_tokens.json").read_text())
    at = ids.index(vocabulary.IMAGE)
    assert ids[at - 1:at + 2] == [added["<im_start>"], vocabulary.IMAGE, added["<im_end>"]]


def test_learning_again_gives_the_same_files(folder, tmp_path):
    vocabulary.learn(tmp_path, seed=5)
    for name in ("vocab.json", "merges.txt", "added_tokens.json"):
        assert (tmp_path / name).read_bytes() == (Path(folder) / name).read_bytes()
    first, second = vocabulary.LlamaTokenizer(folder), vocabulary.LlamaTokenizer(tmp_path)
    assert first.prompt(TEXTS, ["It is [SEG]."] * len(TEXTS)) == second.prompt(TEXTS, ["It is [SEG]."] * len(TEXTS))
