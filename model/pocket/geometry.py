"""The sizes of a GLaMM + CLIP pair, with the field names of model/geometry.hpp."""

from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Vision:
    hidden: int = 1024
    layers: int = 24
    heads: int = 16
    mlp: int = 4096
    image: int = 336
    patch: int = 14
    projection: int = 768
    eps: float = 1e-5

    @property
    def grid(self) -> int:
        return self.image // self.patch

    @property
    def patches(self) -> int:
        return self.grid**2


@dataclass(frozen=True)
class Text:
    hidden: int = 768
    layers: int = 12
    heads: int = 12
    mlp: int = 3072
    vocab: int = 49408
    positions: int = 77
    projection: int = 768
    eps: float = 1e-5


@dataclass(frozen=True)
class Llama:
    hidden: int = 4096
    layers: int = 32
    heads: int = 32
    mlp: int = 11008
    vocab: int = 32007
    out_dim: int = 256
    rms_eps: float = 1e-5
    rope_base: float = 10000.0


@dataclass(frozen=True)
class Sam:
    image: int = 1024
    patch: int = 16
    dim: int = 1280
    depth: int = 32
    heads: int = 16
    mlp: int = 5120
    window: int = 14
    global_blocks: tuple = (7, 15, 23, 31)
    out: int = 256
    decoder_depth: int = 2
    decoder_mlp: int = 2048
    decoder_heads: int = 8
    decoder_downsample: int = 2
    iou_hidden: int = 256
    mask_tokens: int = 4
    mask_in: int = 16

    @property
    def grid(self) -> int:
        return self.image // self.patch


@dataclass(frozen=True)
class Geometry:
    name: str
    vision: Vision = field(default_factory=Vision)
    text: Text = field(default_factory=Text)
    llama: Llama = field(default_factory=Llama)
    sam: Sam = field(default_factory=Sam)

    def as_dict(self) -> dict:
        return asdict(self)

    @staticmethod
    def from_dict(values: dict) -> "Geometry":
        sam = dict(values["sam"], global_blocks=tuple(values["sam"]["global_blocks"]))
        return Geometry(values["name"], Vision(**values["vision"]), Text(**values["text"]),
                        Llama(**values["llama"]), Sam(**sam))


def pocket(llama_vocab: int = 647, clip_vocab: int = 914) -> Geometry:
    """What is trained and shipped: 2.2 million parameters.

    The language model is wider than the largest budget: a determinant of projected patches (CDPruner) has no more
    directions than that to choose from, and every pick beyond them is rounding.
    """
    return Geometry(
        "pocket",
        Vision(hidden=64, layers=5, heads=2, mlp=256, projection=64),
        Text(hidden=64, layers=2, heads=2, mlp=256, vocab=clip_vocab, projection=64),
        Llama(hidden=208, layers=3, heads=2, mlp=256, vocab=llama_vocab, out_dim=64),
        Sam(image=256, dim=64, depth=4, heads=2, mlp=256, window=7, global_blocks=(1, 3), out=64,
            decoder_mlp=256, decoder_heads=4, iou_hidden=64),
    )


def mid() -> Geometry:
    """`mid` of model/checkpoint/named_geometry.cpp, what tests/bench measures ratios on."""
    return Geometry(
        "mid",
        Vision(hidden=512, layers=12, heads=8, mlp=2048, projection=512),
        Text(hidden=512, layers=6, heads=8, mlp=2048, projection=512),
        Llama(hidden=512, layers=8, heads=8, mlp=1376, vocab=1007),
        Sam(dim=384, depth=8, heads=6, mlp=1536, global_blocks=(1, 3, 5, 7)),
    )


def glamm_7b() -> Geometry:
    return Geometry("glamm-7b")


NAMED = {"pocket": pocket, "mid": mid, "glamm-7b": glamm_7b}
