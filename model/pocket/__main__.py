"""python -m model.pocket {data,train,export,evaluate,wrong-question,all} …: see --help of each."""

import argparse
import json
import sys
from pathlib import Path

import torch

from . import dataset, export, oracle, train, wrong_question

HERE = Path(__file__).resolve().parent
SHIPPED = HERE / "shipped"
FRESH_SEED = 900_000_000  # scenes on which nothing was ever chosen
_BUDGETS = (192, 128, 64)


def _data(options) -> None:
    for name, (images, refs, sentences) in dataset.write(options.root, options.images, options.seed).items():
        print(f"{name}: {images} images, {refs} refs, {sentences} sentences")


def _train(options) -> None:
    train.train(options.work, options.seed, options.ranks, options.scenes, options.shorten)


def _export(options) -> None:
    export.export(train.load_trained(options.trained), options.tokenizers, options.out)


def _variants(methods) -> list:
    found = [oracle.Variant("none")] if "none" in methods else []
    for method in methods:
        if method != "none":
            found += [oracle.Variant(method, tokens, original) for original in (False, True) for tokens in _BUDGETS]
    return found


def _announced(rows, pictures: int):
    """The rows as they are, with a line of progress every 50 pictures."""
    seen = set()
    for row in rows:
        if row.image_id not in seen and (len(seen) + 1) % 50 == 0:
            print(f"{len(seen) + 1}/{pictures} pictures", file=sys.stderr, flush=True)
        seen.add(row.image_id)
        yield row


def evaluate(checkpoint: Path, root: Path, split_name: str, methods, draws: Path | None = None) -> dict:
    """cIoU in percent per variant, on recorded draws or on draws of its own."""
    split = oracle.Split(root, split_name)
    conversations = json.loads(draws.read_text())[split_name] if draws else oracle.draw(split, seed=1)
    rows = oracle.Oracle(checkpoint).evaluate(split, conversations, _variants(methods))
    return oracle.ciou(_announced(rows, len(conversations)))


def _evaluate(options) -> None:
    found = evaluate(options.checkpoint, options.root, options.split, options.methods.split(","), options.draws)
    for name, value in found.items():
        print(f"{name:32} {value:5.1f}")


def _wrong_question(options) -> None:
    found = wrong_question.measure(options.checkpoint, options.root, options.split, options.tokens)
    for name, (value, low, high) in found.items():
        print(f"{name:48} {value:7.3f}  [{low:.3f}, {high:.3f}]")


def _all(options) -> None:
    """Everything behind the shipped model, from nothing, and how it compares with what is shipped."""
    fresh, new = options.work / "fresh" / "Refer_Segm", options.work / "checkpoint"
    train.train(options.work, options.seed, options.ranks)
    export.export(train.load_trained(options.work / "trained.pt"), options.work / "tokenizers", new)
    dataset.write(fresh, options.images, FRESH_SEED)
    print(f"cIoU on refcoco/val of {options.images} fresh pictures")
    columns = [evaluate(folder, fresh, "refcoco/val", ("none", "uniform", "litelvlm")) for folder in (new, SHIPPED)]
    print(f"{'':32} {'this run':>9} {'shipped':>9}")
    for name in columns[0]:
        print(f"{name:32} {columns[0][name]:9.1f} {columns[1][name]:9.1f}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model.pocket", description="The pocket model and its data sets.")
    commands = parser.add_subparsers(required=True)

    def command(name: str, run, text: str):
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    def of_checkpoint(name: str, run, text: str):
        added = command(name, run, text)
        added.add_argument("checkpoint", type=Path, help="folder with glamm and clip")
        added.add_argument("root", type=Path, help="folder Refer_Segm")
        added.add_argument("--split", default="refcoco/val")
        return added

    data = command("data", _data, "write the three data sets below a folder Refer_Segm")
    data.add_argument("root", type=Path)
    data.add_argument("--images", type=int, default=100, help="pictures of val; testA and testB get half of it each")
    data.add_argument("--seed", type=int, default=dataset.FIRST_SEED, help="of the first scene")

    learn = command("train", _train, "train from nothing, or go on where a killed run last saved")
    learn.add_argument("work", type=Path, help="folder for scenes, tokenizers and states (4 GB)")
    learn.add_argument("--seed", type=int, default=0)
    learn.add_argument("--ranks", type=int, default=2, help="processes of one thread each")
    learn.add_argument("--scenes", type=int, default=train.SCENES)
    learn.add_argument("--shorten", type=int, default=0, help="steps per stage, to try the machinery")

    write = command("export", _export, "write a trained state in GLaMM's and CLIP's layouts")
    for name in ("trained", "tokenizers", "out"):
        write.add_argument(name, type=Path)

    check = of_checkpoint("evaluate", _evaluate, "cIoU in plain PyTorch")
    check.add_argument("--methods", default="none,litelvlm,uniform,sim_low,sim_high")
    check.add_argument("--draws", type=Path, help="conversations in the format of [protocol] replay")

    control = of_checkpoint("wrong-question", _wrong_question, "is similarity about the question or about objects?")
    control.add_argument("--tokens", type=int, default=128)

    everything = command("all", _all, "train, export, and compare with the shipped model on fresh pictures")
    everything.add_argument("work", type=Path)
    everything.add_argument("--seed", type=int, default=0)
    everything.add_argument("--ranks", type=int, default=2)
    everything.add_argument("--images", type=int, default=300)
    return parser


if __name__ == "__main__":
    torch.set_num_threads(1)  # products this small lose more by waiting for a second thread than it does
    chosen = _parser().parse_args()
    chosen.run(chosen)
