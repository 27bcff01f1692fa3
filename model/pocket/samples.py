"""The training pictures, drawn once and kept as memory-mapped arrays.

`crops` uint8 [n, 336, 336, 3]; `pictures` uint8 [n, 256, 256, 3], zero beyond `resized`; `masks` uint8 [n, 8, 128, 128],
coverage of every shape in the frame of `pictures`; `coverage` uint8 [n, 8, 576], the same on the crop's patches.
"""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from . import preprocess
from .scenes import Shape, make_scene

SLOTS = 8  # no scene has more shapes
MASK = 128
PATCHES = 24
_CHUNK = 50
_DTYPE = [(name, "U8") for name in ("color", "shape", "texture", "size")] + [
    (name, "f8") for name in ("radius", "x", "y", "u", "v", "turn", "grain")]


def _layout(count: int, clip: int, sam: int) -> dict:
    return {
        "crops": ((count, clip, clip, 3), np.uint8), "pictures": ((count, sam, sam, 3), np.uint8),
        "masks": ((count, SLOTS, MASK, MASK), np.uint8), "coverage": ((count, SLOTS, PATCHES**2), np.uint8),
        "shapes": ((count, SLOTS), np.dtype(_DTYPE)), "counts": ((count,), np.int64),
        "sizes": ((count, 2), np.int64), "resized": ((count, 2), np.int64),
    }


def _low_mask(mask: np.ndarray) -> np.ndarray:
    height, width = preprocess.longest_side(*mask.shape, MASK)
    small = np.zeros((MASK, MASK), np.uint8)
    small[:height, :width] = Image.fromarray(mask.astype(np.uint8) * 255).resize((width, height), Image.BOX)
    return small


def patch_coverage(mask: np.ndarray, patches: int = PATCHES) -> np.ndarray:
    """Share of each CLIP patch under a mask of the stored picture, uint8 [patches²] of 255."""
    height, width = mask.shape
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    square = Image.fromarray(mask[top:top + side, left:left + side].astype(np.uint8) * 255)
    return np.asarray(square.resize((patches, patches), Image.BOX)).reshape(-1)


def _open(folder: Path, mode: str) -> dict:
    return {file.stem: np.load(file, mmap_mode=mode) for file in sorted(folder.glob("*.npy"))}


def _fill(folder: Path, seed: int, start: int, stop: int, sam: int) -> None:
    arrays = _open(folder, "r+")
    for i in range(start, stop):
        scene = make_scene(seed + i)
        image = preprocess.from_jpeg(preprocess.to_jpeg(scene.image))
        small = preprocess.sam_resized(image, sam)
        arrays["crops"][i] = preprocess.clip_crop(image)
        arrays["pictures"][i, :small.shape[0], :small.shape[1]] = small
        arrays["counts"][i], arrays["sizes"][i], arrays["resized"][i] = len(scene.shapes), scene.size, small.shape[:2]
        for k, shape in enumerate(scene.shapes):
            mask = scene.mask(k)
            arrays["masks"][i, k], arrays["coverage"][i, k] = _low_mask(mask), patch_coverage(mask)
            arrays["shapes"][i, k] = tuple(getattr(shape, name) for name, _ in _DTYPE)


def draw(folder: Path, seed: int, count: int, sam: int, workers: int) -> None:
    """Draws scenes seed … seed + count - 1 into `folder`, unless they are there."""
    done = folder / "complete"
    label = f"{seed} {count} {sam}"
    if done.exists() and done.read_text() == label:
        return
    folder.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    for name, (shape, dtype) in _layout(count, 336, sam).items():
        np.lib.format.open_memmap(folder / f"{name}.npy", "w+", dtype, shape).flush()
    begin = time.time()
    with ProcessPoolExecutor(workers) as pool:
        starts = range(0, count, _CHUNK)
        jobs = [pool.submit(_fill, folder, seed, s, min(s + _CHUNK, count), sam) for s in starts]
        for n, job in enumerate(jobs, 1):
            job.result()
            if n % 10 == 0:
                print(f"scenes {n * _CHUNK}/{count} {time.time() - begin:.0f} s", flush=True)
    done.write_text(label)


class Samples:
    """Read-only view of a drawn folder."""

    def __init__(self, folder: os.PathLike):
        arrays = _open(Path(folder), "r")
        self.crops, self.pictures, self.masks = arrays["crops"], arrays["pictures"], arrays["masks"]
        self.coverage = np.array(arrays["coverage"])
        self.sizes, self.resized = np.array(arrays["sizes"]), np.array(arrays["resized"])
        self.scenes = [tuple(Shape(*row.item()) for row in rows[:n])
                       for rows, n in zip(np.array(arrays["shapes"]), arrays["counts"], strict=True)]

    def __len__(self) -> int:
        return len(self.scenes)
