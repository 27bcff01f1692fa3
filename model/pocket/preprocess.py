"""Pictures on their way into the two towers, and masks on their way out (the reference's arithmetic).

CLIP: shorter edge to 336 with Pillow's bicubic, centre crop. SAM: longer edge to the encoder's size with Pillow's
bilinear, padded right and below after normalisation.
"""

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

JPEG_QUALITY = 88

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
SAM_MEAN = (123.675, 116.28, 103.53)
SAM_STD = (58.395, 57.12, 57.375)


def to_jpeg(image: np.ndarray) -> bytes:
    """uint8 [height, width, 3] as the bytes of the data set's file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def from_jpeg(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def clip_crop(image: np.ndarray, size: int = 336) -> np.ndarray:
    """uint8 [size, size, 3]"""
    height, width = image.shape[:2]
    if width <= height:
        new_width, new_height = size, int(size * height / width)
    else:
        new_width, new_height = int(size * width / height), size
    resized = Image.fromarray(image).resize((new_width, new_height), Image.BICUBIC)
    left, top = (new_width - size) // 2, (new_height - size) // 2
    return np.asarray(resized)[top:top + size, left:left + size]


def clip_pixels(crops) -> torch.Tensor:
    """uint8 [B, h, w, 3] → float32 [B, 3, h, w]. The factor 1/255 is applied in double, as the reference does."""
    scaled = torch.from_numpy((np.asarray(crops, np.float64) * (1 / 255)).astype(np.float32)).permute(0, 3, 1, 2)
    return (scaled - torch.tensor(CLIP_MEAN).view(3, 1, 1)) / torch.tensor(CLIP_STD).view(3, 1, 1)


def longest_side(height: int, width: int, size: int) -> tuple:
    scale = size / max(height, width)
    return int(height * scale + 0.5), int(width * scale + 0.5)


def sam_resized(image: np.ndarray, size: int) -> np.ndarray:
    """uint8 [h, w, 3] with max(h, w) = size"""
    height, width = longest_side(*image.shape[:2], size)
    if image.shape[:2] == (height, width):
        return image
    return np.asarray(Image.fromarray(image).resize((width, height), Image.BILINEAR))


def sam_pixels(resized: np.ndarray, size: int) -> torch.Tensor:
    """uint8 [h, w, 3] → float32 [3, size, size], zero where there is no picture."""
    pixels = torch.from_numpy(resized.astype(np.float32)).permute(2, 0, 1)
    pixels = (pixels - torch.tensor(SAM_MEAN).view(3, 1, 1)) / torch.tensor(SAM_STD).view(3, 1, 1)
    return F.pad(pixels, (0, size - pixels.shape[2], 0, size - pixels.shape[1]))


def mask_logits(low_res: torch.Tensor, resized: tuple, final: tuple, size: int) -> torch.Tensor:
    """Low-resolution logits [Q, h, w] → logits [Q, height, width] of the stored picture."""
    full = F.interpolate(low_res[:, None].float(), (size, size), mode="bilinear", align_corners=False)
    cropped = full[:, :, :resized[0], :resized[1]]
    return F.interpolate(cropped, final, mode="bilinear", align_corners=False)[:, 0]
