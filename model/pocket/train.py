"""Staged training on CPU cores, in one or more processes; a killed run goes on where it last saved.

Files in the work folder: `tokenizers/`, `scenes/` (drawn pictures), `embeddings.npy` (SAM's, once SAM is done),
`state.pt` (to go on from), `<stage>.pt` (after each stage) and `trained.pt` (at the end).
"""

import argparse
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

from . import batches, losses, samples, vocabulary
from .geometry import Geometry, pocket
from .model import Pocket
from .stages import PICTURES, STAGES, rate_factor

SCENES = 5000
_WARM_UP = 40
_LOWEST = 0.03
_REPORT, _SAVE = 25, 100
_FIRST_SCENE, _SEED_STRIDE = 1000, 1_000_000  # scenes of run `seed` start at 1000 + seed · stride


class Ranks:
    """The processes of a run; one process needs no process group."""

    def __init__(self, rank: int, count: int, rendezvous: str):
        self.rank, self.count = rank, count
        if count > 1:
            dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=count)

    def average_gradients(self, parameters) -> None:
        if self.count == 1:
            return
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in parameters])
        dist.all_reduce(flat)
        flat /= self.count
        start = 0
        for p in parameters:
            p.grad = flat[start:start + p.numel()].view_as(p)
            start += p.numel()

    def wait(self) -> None:
        if self.count > 1:
            dist.barrier()


def save(path: Path, content: dict) -> None:
    """Whole or not at all."""
    temporary = path.with_suffix(".tmp")
    torch.save(content, temporary)
    os.replace(temporary, path)


class Trainer:
    def __init__(self, work: Path, seed: int, ranks: Ranks):
        self.work, self.seed, self.ranks = work, seed, ranks
        llama, clip = (kind(work / "tokenizers") for kind in (vocabulary.LlamaTokenizer, vocabulary.ClipTokenizer))
        self.setting = losses.Setting(samples.Samples(work / "scenes"), llama, clip)
        torch.manual_seed(seed)
        geometry = pocket(llama.size, clip.size)
        self.model, self.heads = Pocket(geometry), losses.Heads(geometry)
        self.stage, self.step, self.optimiser = 0, 0, None

    def _named(self):
        yield from self.model.named_parameters()
        yield from (("heads." + name, p) for name, p in self.heads.named_parameters())

    def _state(self) -> dict:
        return {"model": self.model.state_dict(), "heads": self.heads.state_dict(), "stage": self.stage, "step": self.step,
                "optimiser": self.optimiser.state_dict() if self.optimiser else None, "seed": self.seed,
                "geometry": self.model.geometry.as_dict()}

    def resume(self) -> None:
        path = self.work / "state.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        if state["seed"] != self.seed:
            raise SystemExit(f"{path} belongs to seed {state['seed']} (asked for {self.seed}); choose another folder")
        self.model.load_state_dict(state["model"])
        self.heads.load_state_dict(state["heads"])
        self.stage, self.step = state["stage"], state["step"]
        if self.stage < len(STAGES):
            self._prepare()
            if state["optimiser"] and self.step:
                self.optimiser.load_state_dict(state["optimiser"])

    def _prepare(self) -> None:
        """Optimiser and frozen parts of the current stage."""
        stage = STAGES[self.stage]
        groups = defaultdict(list)
        for name, p in self._named():
            factor = 0.0
            if name.startswith(stage.trains):
                factor = rate_factor(name) if stage.objective is losses.refer else 1.0
            p.requires_grad_(factor > 0)
            p.grad = None
            if factor > 0:
                groups[factor].append(p)
        self.optimiser = torch.optim.AdamW(
            [{"params": group, "factor": factor} for factor, group in sorted(groups.items())],
            lr=stage.rate, betas=(0.9, 0.98), weight_decay=0.02)
        if stage.masks and self.setting.embeddings is None:
            self.setting.embeddings = self._embeddings()

    @torch.no_grad()
    def _embeddings(self):
        """SAM's image embeddings of all training pictures, float16: its encoder learns no more, so once is enough."""
        path, count, g = self.work / "embeddings.npy", len(self.setting.samples), self.model.geometry.sam
        if not path.exists():
            partial = self.work / "embeddings.partial.npy"
            if self.ranks.rank == 0:
                np.lib.format.open_memmap(partial, "w+", np.float16, (count, g.out, g.grid, g.grid)).flush()
            self.ranks.wait()
            array = np.load(partial, mmap_mode="r+")
            for start in range(self.ranks.rank * PICTURES, count, self.ranks.count * PICTURES):
                pictures = range(start, min(start + PICTURES, count))
                pixels = batches.sam_batch(self.setting.samples, pictures)
                array[start:start + len(pictures)] = self.model.sam.encode(pixels).half().numpy()
            array.flush()
            self.ranks.wait()
            if self.ranks.rank == 0:
                os.replace(partial, path)
            self.ranks.wait()
        return np.load(path, mmap_mode="r")

    def _rate(self, stage) -> None:
        progress = self.step / stage.steps
        cosine = 0.5 * (1 + math.cos(math.pi * progress)) * (1 - _LOWEST) + _LOWEST
        for group in self.optimiser.param_groups:
            group["lr"] = stage.rate * group["factor"] * min(1.0, (self.step + 1) / _WARM_UP) * cosine

    def _one_step(self, stage) -> dict:
        place = batches.Place(self.seed, self.stage, self.step, self.ranks.rank, self.ranks.count)
        rng = place.rng()
        torch.manual_seed(int(rng.integers(2**62)))
        pictures = place.pictures(len(self.setting.samples), PICTURES)
        loss, report = stage.objective(self.model, self.heads, self.setting, rng, pictures, stage, self.step / stage.steps)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        parameters = [p for group in self.optimiser.param_groups for p in group["params"]]
        self.ranks.average_gradients(parameters)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        self._rate(stage)
        self.optimiser.step()
        return {"loss": loss.item(), **report}

    def _run_stage(self, shorten: int | None) -> None:
        stage, recent, begin = STAGES[self.stage], defaultdict(list), time.time()
        while self.step < (min(stage.steps, shorten) if shorten else stage.steps):
            for key, value in self._one_step(stage).items():
                recent[key].append(value)
            self.step += 1
            if self.ranks.rank:
                continue
            if self.step % _REPORT == 0:
                numbers = " ".join(f"{key} {np.mean(values):.3f}" for key, values in recent.items())
                print(f"{stage.name} {self.step}/{stage.steps} {time.time() - begin:.0f} s "
                      f"cpu {time.process_time():.0f} s {numbers}", flush=True)
                recent.clear()
            if self.step % _SAVE == 0:
                save(self.work / "state.pt", self._state())

    def run(self, shorten: int | None = None) -> None:
        """All stages that are left. `shorten`: steps per stage, to try the machinery."""
        while self.stage < len(STAGES):
            if self.optimiser is None:
                self._prepare()
            self._run_stage(shorten)
            name = STAGES[self.stage].name.replace(" ", "-")
            self.stage, self.step, self.optimiser = self.stage + 1, 0, None
            if self.ranks.rank == 0:
                save(self.work / f"{name}.pt", self._state())
                save(self.work / "state.pt", self._state())
        if self.ranks.rank == 0:
            save(self.work / "trained.pt", {key: self._state()[key] for key in ("model", "geometry", "seed")})


def load_trained(path: Path, materialise: bool = False) -> Pocket:
    """Any file that the trainer saved, as a model in evaluation mode."""
    state = torch.load(path, weights_only=True)
    model = Pocket(Geometry.from_dict(state["geometry"]), materialise)
    model.load_state_dict(state["model"])
    return model.eval()


def _rank_main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    for name in ("rank", "ranks", "seed", "shorten"):
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--rendezvous", default="")
    options = parser.parse_args()
    torch.set_num_threads(1)
    trainer = Trainer(options.work, options.seed, Ranks(options.rank, options.ranks, options.rendezvous))
    trainer.resume()
    trainer.run(options.shorten or None)


def train(work: Path, seed: int, ranks: int, scenes: int = SCENES, shorten: int = 0) -> None:
    """Draws scenes, learns tokenizers and runs all stages on `ranks` processes of one thread each."""
    if not (work / "tokenizers" / "vocab.json").exists():
        vocabulary.learn(work / "tokenizers", seed)
    samples.draw(work / "scenes", _FIRST_SCENE + seed * _SEED_STRIDE, scenes, pocket().sam.image, ranks)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped; the same command continues"))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "model.pocket.train", str(work), "--seed", str(seed), "--ranks", str(ranks),
                   "--shorten", str(shorten), "--rendezvous", f"{folder}/rendezvous"]
        environment = dict(os.environ, OMP_NUM_THREADS="1")
        running = [subprocess.Popen([*command, "--rank", str(rank)], env=environment)
                   for rank in range(ranks)]
        try:
            failed = [process.wait() for process in running]
        except BaseException:
            for process in running:
                process.terminate()
            raise
    if any(failed):
        raise SystemExit(f"training stopped (exit codes {failed}); the same command continues it")


if __name__ == "__main__":
    _rank_main()
