"""Both tokenizers: learned from expressions of our own scenes, written in GLaMM's and CLIP's file layouts, read back.

`LlamaTokenizer` is SentencePiece BPE with byte fallback and the seven tokens that GLaMM adds; `ClipTokenizer` is CLIP's
byte-level BPE (merges.txt, vocab.json).
"""

import io
import json
import re
from pathlib import Path

import numpy as np
import sentencepiece
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from . import dialogue
from .expressions import PLACES, express
from .scenes import arrangement

PIECES = 640
MERGES = 400
ADDED = ("<im_start>", "<im_end>", "<bbox>", "<point>", "[SEG]", "<p>", "</p>")
IMAGE = -200  # id that stands for the picture
_START, _END, _WORD_END = "<|startoftext|>", "<|endoftext|>", "</w>"
_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def corpus(seed: int, scenes: int = 500) -> list:
    """Sentences in the proportions in which the model reads them."""
    rng = np.random.default_rng([seed, 1])
    lines = []
    for _ in range(scenes):
        shapes = arrangement(rng, 480, 360)
        for index in range(len(shapes)):
            found = express(rng, shapes, index, ("located", "long")[rng.integers(2)])
            if found is not None:
                lines += [found.text, dialogue.question(int(rng.integers(16)), found.text)]
    fixed = [dialogue.SYSTEM, "USER: ASSISTANT:", "The provides an overview of the picture."]
    answers = [answer.replace("[SEG]", "") for answer in dialogue.ANSWERS]
    places = [f"{place}{most} object" for place in PLACES[:2] for most in ("", "most")]
    return lines + fixed * 400 + answers * 100 + places * 50


def _learn_pieces(lines: list) -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=PIECES, model_type="bpe", byte_fallback=True,
        unk_id=0, bos_id=1, eos_id=2, pad_id=-1, normalization_rule_name="identity", remove_extra_whitespaces=False,
        character_coverage=1.0, num_threads=1, minloglevel=2)
    return model.getvalue()


def _pipeline(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(_WORDS), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    return tokenizer


def _learn_merges(lines: list) -> list:
    tokenizer = _pipeline(Tokenizer(models.BPE(end_of_word_suffix=_WORD_END)))
    trainer = trainers.BpeTrainer(vocab_size=4 * MERGES, initial_alphabet=_bytes(), end_of_word_suffix=_WORD_END,
                                  show_progress=False)
    tokenizer.train_from_iterator(lines, trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in merges][:MERGES]


def _bytes() -> list:
    """The character that stands for each byte, in the order of CLIP's vocabulary: printable ones first."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]


def learn(folder: Path, seed: int) -> None:
    """Writes tokenizer.model, added_tokens.json, merges.txt and vocab.json."""
    lines = corpus(seed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.model").write_bytes(_learn_pieces(lines))
    added = {token: PIECES + i for i, token in enumerate(ADDED)}
    (folder / "added_tokens.json").write_text(json.dumps(added, indent=2) + "\n")
    merges = _learn_merges(lines)
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    tokens = _bytes() + [b + _WORD_END for b in _bytes()] + [a + b for a, b in merges] + [_START, _END]
    (folder / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}, ensure_ascii=False))


class LlamaTokenizer:
    """The reference's legacy slow tokenizer: added tokens are cut out of the text and eat the white space around them,
    every piece between is encoded by itself."""

    def __init__(self, folder: Path):
        self._pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
        self._cut = json.loads((folder / "added_tokens.json").read_text())
        self.seg = self._cut["[SEG]"]
        self.size = self._pieces.vocab_size() + len(self._cut)
        self._whole = {**self._cut, "</s>": self._pieces.eos_id(), "<image>": IMAGE}
        self._split = re.compile("(" + "|".join(re.escape(token) for token in self._whole) + ")")
        self._known = {}

    def _encode(self, text: str) -> list:
        if text not in self._known:
            self._known[text] = self._pieces.encode(text)
        return self._known[text]

    def prompt(self, questions, answers) -> list:
        """Ids of a conversation, IMAGE where the picture goes."""
        parts = self._split.split(dialogue.compose(questions, answers))
        ids = [self._pieces.bos_id()]
        for i, part in enumerate(parts):
            if part in self._whole:
                ids.append(self._whole[part])
                continue
            if i > 0 and parts[i - 1] in self._cut:
                part = part.lstrip()
            if i + 1 < len(parts) and parts[i + 1] in self._cut:
                part = part.rstrip()
            ids += self._encode(part) if part else []
        return ids


class ClipTokenizer:
    def __init__(self, folder: Path, positions: int = 77):
        vocabulary = json.loads((folder / "vocab.json").read_text())
        lines = (folder / "merges.txt").read_text().splitlines()[1:]
        merges = [tuple(line.split(" ")) for line in lines if line]
        self._tokenizer = _pipeline(Tokenizer(models.BPE(vocab=vocabulary, merges=merges, end_of_word_suffix=_WORD_END)))
        self.start, self.end, self.size = vocabulary[_START], vocabulary[_END], len(vocabulary)
        self._longest = positions - 2
        self._known = {}

    def encode(self, text: str) -> list:
        if text not in self._known:
            ids = self._tokenizer.encode(text).ids[:self._longest]
            self._known[text] = [self.start, *ids, self.end]
        return self._known[text]

    def batch(self, texts) -> np.ndarray:
        """int64 [n, longest], padded with the end token."""
        rows = [self.encode(text) for text in texts]
        longest = max(map(len, rows))
        return np.array([row + [self.end] * (longest - len(row)) for row in rows])
