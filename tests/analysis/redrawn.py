"""The bootstrap's and the sign test's draws once more: Philox, Poisson weights, coins, BCa intervals, in numpy.

Weights have the shape [images, draws]; a Sampled holds a value, its draws [draws] and its values without each image [images].
"""

import functools

import numpy as np
from scipy import stats

DRAWS, SEED, LEVEL = 10_000, 17, 0.95


# Philox4x32-10 (Salmon et al. 2011), for arrays of counters.
def philox(counter, key):
    c = [np.asarray(word, dtype=np.uint64) for word in np.broadcast_arrays(*counter)]
    k = [np.uint64(word) for word in key]
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> shift) ^ c[1] ^ k[0], p1 & mask, (p0 >> shift) ^ c[3] ^ k[1], p0 & mask]
        k = [(k[0] + np.uint64(0x9E3779B9)) & mask, (k[1] + np.uint64(0xBB67AE85)) & mask]
    return np.stack(c, axis=-1)


def words(x):
    return x & 0xFFFFFFFF, x >> 32


@functools.cache
def weights(images):
    """Poisson weights [image, draw]: block draw // 4 of the image's stream 1, word draw % 4."""
    low, high = words(np.array(images, dtype=np.uint64)[:, None])
    uniform = philox([np.arange(DRAWS // 4, dtype=np.uint64)[None, :], 1, low, high], words(SEED)).reshape(len(images), -1)
    limits = np.minimum(np.rint(stats.poisson.cdf(np.arange(13), 1) * 2.0**32), 2**32 - 1)
    return np.searchsorted(limits, uniform.astype(np.float64), side="right").astype(np.float64)


@functools.cache
def coins(images):
    """0 or 1 [image, draw]: bit draw % 32 of word draw // 32 of the image's stream 2."""
    low, high = words(np.array(images, dtype=np.uint64)[:, None])
    blocks = philox([np.arange(DRAWS // 128 + 1, dtype=np.uint64)[None, :], 2, low, high], words(SEED)).reshape(len(images), -1)
    bits = blocks[:, :, None] >> np.arange(32, dtype=np.uint64) & np.uint64(1)
    return bits.reshape(len(images), -1)[:, :DRAWS].astype(np.float64)


def picks(variant, seeds):
    """Which of a variant's seeds each draw takes: seeds − 1 with replacement."""
    low, high = words(np.uint64(SEED ^ variant))
    draw = np.arange(DRAWS, dtype=np.uint64)
    block = philox([np.uint64(0), np.uint64(0), draw, np.uint64(1 << 31)], (low, high))
    assert seeds <= 5 and (block[:, : seeds - 1] * np.uint64(seeds) & np.uint64(0xFFFFFFFF)).min() > seeds
    return (block[:, : seeds - 1] * np.uint64(seeds) >> np.uint64(32)).astype(int)


class Sampled:
    """A statistic, its draws, its leave-one-image-out values."""

    def __init__(self, value, draws, without):
        self.value, self.draws, self.without = value, draws, without

    def map(self, other, f):
        return Sampled(f(self.value, other.value), f(self.draws, other.draws), f(self.without, other.without))

    def interval(self):
        below = ((self.draws < self.value).mean() + (self.draws <= self.value).mean()) / 2
        bias = stats.norm.ppf(below)
        d = self.value - self.without
        a = (d**3).sum() / (6 * (d**2).sum() ** 1.5) if (d != 0).any() else 0
        z = bias + stats.norm.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return np.quantile(self.draws, stats.norm.cdf(bias + z / (1 - a * z)))


def mean(parts):
    parts = list(parts)
    return Sampled(*(sum(getattr(p, name) for p in parts) / len(parts) for name in ("value", "draws", "without")))
