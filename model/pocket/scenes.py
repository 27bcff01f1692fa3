"""Pictures of three to seven coloured shapes on a textured ground, a pure function of a seed.

Every shape lies inside the central square, because that is all of a picture that CLIP's centre crop shows to the
language model. Shapes of one picture share attributes with each other on purpose: a referring expression is only worth
something where there are distractors.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

COLORS = {
    "red": (205, 40, 40), "green": (40, 165, 60), "blue": (45, 80, 215), "yellow": (240, 215, 50),
    "purple": (135, 50, 165), "orange": (245, 135, 25), "cyan": (60, 210, 215), "white": (245, 245, 245),
    "black": (22, 22, 22),
}
SHAPES = ("circle", "square", "triangle", "star", "cross", "diamond")
TEXTURES = ("plain", "striped", "dotted")
SIZES = ("small", "big")
PICTURES = ((320, 240), (400, 300), (480, 360), (640, 480), (480, 480), (360, 480))  # width, height

_TEXTURE_ODDS = (0.5, 0.25, 0.25)
_RADII = {"small": (0.05, 0.072), "big": (0.10, 0.145)}  # of the picture's shorter side
_REACH = 1.2  # how far a shape's outline reaches beyond its radius at most
_SUPERSAMPLING = 4


@dataclass(frozen=True)
class Shape:
    """One object. x, y and radius in pixels of the picture; u, v in [0, 1] of the central square."""

    color: str
    shape: str
    texture: str
    size: str
    radius: float = 0.0
    x: float = 0.0
    y: float = 0.0
    u: float = 0.0
    v: float = 0.0
    turn: float = 0.0   # of the outline, radians
    grain: float = 0.0  # of the texture, radians

    def outline(self) -> np.ndarray:
        """Vertices [n, 2] as (x, y) in pixels."""
        c, s = math.cos(self.turn), math.sin(self.turn)
        return _OUTLINES[self.shape] @ np.array([[c, s], [-s, c]]) * self.radius + (self.x, self.y)


@dataclass(frozen=True)
class Scene:
    image: np.ndarray  # uint8 [height, width, 3]
    shapes: tuple

    @property
    def size(self) -> tuple:
        """(height, width)"""
        return self.image.shape[:2]

    def mask(self, index: int) -> np.ndarray:
        """bool [height, width]: pixels of which a shape covers more than half."""
        height, width = self.size
        alpha, (left, top) = _coverage(self.shapes[index].outline(), width, height)
        mask = np.zeros((height, width), bool)
        mask[top:top + alpha.shape[0], left:left + alpha.shape[1]] = alpha > 0.5
        return mask


def _regular(radii) -> np.ndarray:
    angles = -np.pi / 2 + np.arange(len(radii)) * 2 * np.pi / len(radii)
    return np.stack([np.cos(angles), np.sin(angles)], 1) * np.asarray(radii)[:, None]


def _cross(arm: float) -> np.ndarray:
    quarter = np.array([[-arm, -1], [arm, -1], [arm, -arm]])
    points = []
    for k in range(4):
        c, s = round(math.cos(k * math.pi / 2)), round(math.sin(k * math.pi / 2))
        points.append(quarter @ np.array([[c, s], [-s, c]]))
    return np.concatenate(points)


_OUTLINES = {
    "circle": _regular([0.95] * 48),
    "square": np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.86,
    "triangle": np.array([[0, -1.08], [1.05, 0.85], [-1.05, 0.85]]),
    "star": _regular([1.15, 0.5] * 5),
    "cross": _cross(0.36),
    "diamond": np.array([[0, -1.2], [0.68, 0], [0, 1.2], [-0.68, 0]]),
}


def _coverage(outline: np.ndarray, width: int, height: int):
    """Share of each pixel that the outline covers, float32 [h, w], and its corner (left, top) in the picture."""
    low = np.maximum(np.floor(outline.min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(outline.max(0)).astype(int) + 1, (width, height))
    w, h = high - low
    canvas = Image.new("L", (int(w) * _SUPERSAMPLING, int(h) * _SUPERSAMPLING))
    points = (outline - low) * _SUPERSAMPLING - 0.5
    ImageDraw.Draw(canvas).polygon([tuple(p) for p in points.tolist()], fill=255)
    return np.asarray(canvas.reduce(_SUPERSAMPLING), np.float32) / 255, (int(low[0]), int(low[1]))


def _resized(noise: np.ndarray, width: int, height: int, kernel) -> np.ndarray:
    image = Image.fromarray(noise.astype(np.float32))
    return np.asarray(image.resize((width, height), kernel))


def _ground(rng, width: int, height: int) -> np.ndarray:
    """A dull colour with slow clouds and one of: nothing, waves, a chequer, grain. float32 [height, width, 3]"""
    base = rng.uniform(90, 190, 3)
    clouds = rng.normal(0, 1, (6, 8, 3))
    clouds = clouds * 0.4 + clouds.mean(2, keepdims=True) * 0.8
    strength = rng.uniform(5, 18)
    ground = np.stack([_resized(clouds[..., c], width, height, Image.BICUBIC) for c in range(3)], -1) * strength
    ground += (base * 0.35 + base.mean() * 0.65).astype(np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    period, angle, kind = min(width, height) / rng.uniform(8, 40), rng.uniform(0, np.pi), rng.integers(4)
    if kind == 1:
        wave = np.sin((x * math.cos(angle) + y * math.sin(angle)) * (2 * math.pi / period))
        ground += wave[..., None] * rng.uniform(4, 14)
    elif kind == 2:
        chequer = np.sin(x * (math.pi / period)) * np.sin(y * (math.pi / period)) > 0
        ground += chequer[..., None] * rng.uniform(-20, 20)
    elif kind == 3:
        grain = rng.normal(0, 1, (max(2, height // 12), max(2, width // 12)))
        ground += _resized(grain, width, height, Image.BILINEAR)[..., None] * rng.uniform(5, 14)
    return ground.astype(np.float32)


def _paint(rng, image: np.ndarray, shape: Shape) -> None:
    height, width = image.shape[:2]
    alpha, (left, top) = _coverage(shape.outline(), width, height)
    h, w = alpha.shape
    y, x = np.mgrid[top:top + h, left:left + w].astype(np.float32)
    color = np.clip(np.array(COLORS[shape.color]) + rng.normal(0, 9, 3), 0, 255)
    other = np.clip(color + (-95 if color.mean() > 120 else 95), 0, 255)
    paint = np.empty((h, w, 3), np.float32)
    paint[:] = color
    period = max(shape.radius * 0.55, min(width, height) * 0.026)
    c, s = math.cos(shape.grain), math.sin(shape.grain)
    along, across = (x * c + y * s) / period, (y * c - x * s) / period
    if shape.texture == "striped":
        paint[np.sin(along * 2 * math.pi) > 0.25] = other
    elif shape.texture == "dotted":
        paint[(along % 1 - 0.5) ** 2 + (across % 1 - 0.5) ** 2 < 0.075] = other
    slope = rng.uniform(-1, 1, 2)
    paint *= 1 + 0.10 * (((x - shape.x) * slope[0] + (y - shape.y) * slope[1]) / shape.radius)[..., None]
    window = image[top:top + h, left:left + w]
    window += (paint - window) * alpha[..., None]


def random_attributes(rng) -> Shape:
    return Shape(color=list(COLORS)[rng.integers(len(COLORS))], shape=SHAPES[rng.integers(len(SHAPES))],
                 texture=TEXTURES[rng.choice(3, p=_TEXTURE_ODDS)], size=SIZES[rng.integers(2)])


def _distractor(rng, base: Shape, others: list) -> Shape:
    """A shape that shares colour, outline or both with an earlier one, mostly with the first."""
    near = base if len(others) < 3 or rng.random() < 0.6 else others[rng.integers(len(others))]
    shape, q = random_attributes(rng), rng.random()
    if q < 0.28:
        return replace(shape, color=near.color)
    if q < 0.56:
        return replace(shape, shape=near.shape)
    if q < 0.82:
        return replace(shape, color=near.color, shape=near.shape)
    return shape


def _placed(rng, shape: Shape, others: list, width: int, height: int):
    """The shape at a place where at most a corner of it touches another, or None."""
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    for _ in range(40):
        radius = side * rng.uniform(*_RADII[shape.size])
        edge = _REACH * radius / side
        u, v = rng.uniform(edge, 1 - edge, 2)
        x, y = left + u * side, top + v * side
        if all(math.hypot(x - o.x, y - o.y) > 1.08 * (radius + o.radius) + 0.01 * side for o in others):
            return replace(shape, radius=radius, x=x, y=y, u=u, v=v, turn=rng.uniform(-0.2, 0.2),
                           grain=rng.uniform(0, np.pi))
    return None


def arrangement(rng, width: int, height: int) -> tuple:
    """The shapes of a picture, spread over the central square."""
    count = int(rng.integers(3, 8))
    base = random_attributes(rng)
    shapes = []
    for k in range(count):
        wanted = base if k == 0 else _distractor(rng, base, shapes or [base])
        placed = _placed(rng, wanted, shapes, width, height)
        if placed is not None:
            shapes.append(placed)
    return tuple(shapes)


def make_scene(seed: int) -> Scene:
    rng = np.random.default_rng(seed)
    width, height = PICTURES[rng.integers(len(PICTURES))]
    shapes = arrangement(rng, width, height)
    image = _ground(rng, width, height)
    for shape in shapes:
        _paint(rng, image, shape)
    image += rng.normal(0, rng.uniform(2, 7), (height, width, 1))
    return Scene(np.clip(image, 0, 255).astype(np.uint8), shapes)
