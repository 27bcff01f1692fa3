"""The conversations of the reference's bf16 record, with pictures prepared by Pillow, and the record's measure."""

import json
import pathlib

import numpy as np
import torch
from PIL import Image, ImageOps

GOLDEN = pathlib.Path(__file__).resolve().parents[3] / "tests/golden/tiny"
SEG = 1004
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
SAM_MEAN, SAM_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def recorded(name):
    return json.loads((GOLDEN / "expected" / name).read_text())


def picture(file_name):
    path = GOLDEN / "data/Refer_Segm/coco_2014/train2014" / file_name
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")


def normalised(pixels, mean, std):
    return ((torch.from_numpy(np.array(pixels)).float() - torch.tensor(mean)) / torch.tensor(std)).permute(2, 0, 1)


def clip_pixels(image, size=336):
    scale = size / min(image.size)
    image = image.resize([max(size, int(side * scale)) for side in image.size], Image.BICUBIC)
    left, top = ((side - size) // 2 for side in image.size)
    crop = image.crop((left, top, left + size, top + size))
    return normalised(np.array(crop) / np.float32(255), CLIP_MEAN, CLIP_STD)


def sam_pixels(image, size):
    scale = size / max(image.size)
    resized = image.resize([int(side * scale + 0.5) for side in image.size], Image.BILINEAR)
    x = normalised(resized, SAM_MEAN, SAM_STD)
    return torch.nn.functional.pad(x, (0, size - x.shape[2], 0, size - x.shape[1]))


def gap(x, exact):
    x, exact = x.double(), exact.double()
    return float((x - exact).norm() / exact.norm())


def recorded_cases():
    """One dictionary per conversation and variant: row of bf16.json, ids, retained patches, pixels of both towers."""
    conversations, sam_size = recorded("eval.json"), json.loads((GOLDEN / "glamm/config.json").read_text())["sam_image_size"]
    found = []
    for row in recorded("bf16.json")["samples"]:
        sample = conversations[row["split"]]["samples"][row["index"]]
        image = picture(sample["file_name"])
        found.append(dict(row=row, ids=sample["input_ids"], retained=row.get("retained", list(range(576))),
                          clip=clip_pixels(image), sam=sam_pixels(image, sam_size)))
    return found
