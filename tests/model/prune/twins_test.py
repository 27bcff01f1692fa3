"""The NumPy twins against a worked example."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
import decoder_twins  # noqa: E402
import twins  # noqa: E402

# A worked example of 12 tokens in 4 dimensions. Its numbers were computed apart, in plain Python.
I, J = np.arange(12)[:, None], np.arange(4)[None, :]
X = ((7 * I + 3 * J + I * J) % 11) - 5
K = ((5 * I + 2 * J + 3) % 7) - 3
V = ((3 * I + 5 * J + 1) % 9) - 4
QUERY = np.array([1, -1, 2, 0])
A = ((5 * np.arange(12)) % 12 + 1) / 78
TEXTS = np.array([[1, 0, -1, 2], [0, 2, 1, -1]])


def with_cls(rows, cls=None):
    """CLS in front; where a method never reads it, zeros."""
    return np.vstack([np.zeros(rows.shape[1]) if cls is None else cls, rows]).astype(float)


QKV = with_cls(0 * X, QUERY), with_cls(K), with_cls(V)


def tokens(weights):
    return np.asarray(weights) @ with_cls(X)


def test_cls_attention_ranks_7_2_9_4():
    assert list(twins.best(A, 4)) == [7, 2, 9, 4]
    assert twins.cls_topk(A[None], 4) == [2, 4, 7, 9]


def test_similarities_and_both_ends_of_their_ranking():
    s = twins.similarity(X, TEXTS)
    assert list(s[0]) == [2, 9, 5, 12, -3, -7, 0, -4, -8, -12, 6, 2]
    assert list(twins.best(s[0], 4)) == [3, 1, 10, 2]
    assert list(twins.best(s[0], 4, False)) == [9, 8, 5, 7]
    assert list(twins.best(s[1], 4, False)) == [1, 8, 0, 11]
    assert twins.sim(X, TEXTS[:1], 4, largest=False) == [5, 7, 8, 9]


def test_context_order():
    assert twins.context_only(*QKV, 12) == [2, 9, 4, 11, 6, 1, 8, 5, 3, 10, 0, 7]


def test_litelvlm_of_code_and_paper():
    assert twins.litelvlm(X, TEXTS, *QKV, 6) == [2, 0, 1, 5, 8, 9]
    assert twins.litelvlm(X, TEXTS, *QKV, 6, "paper") == [2, 9, 11, 6, 4, 8]
    assert twins.litelvlm(X, TEXTS[:1], *QKV, 6, "paper") == [2, 4, 11, 5, 8, 9]


def test_divprune_picks_in_order():
    assert twins.divprune(X, 5) == [1, 5, 7, 6, 10]


def test_cdpruner_relevance_and_picks():
    expected = [0.6084, 0.6281, 0.0149, 0.1193, 0.6839, 0.0819, 0, 0.7942, 1, 0.165, 0.0697, 0.6084]
    assert np.allclose(twins.relevance(X, TEXTS), expected, atol=6e-5)
    assert twins.cdpruner(X, X, TEXTS, 3) == [8, 4, 0]


def test_vispruner_with_small_and_large_steps():
    assert twins.vispruner(A[None], with_cls(X), 6, step=2) == ([7, 2, 9], [3, 5, 11])
    assert twins.vispruner(A[None], with_cls(X), 6, step=8) == ([7, 2, 9], [11, 1, 5])


def test_visionzip_dominant_and_contextual_tokens():
    weights = twins.visionzip(A[None], with_cls(K), dominant=3, contextual=3)
    assert [np.flatnonzero(row).tolist() for row in weights[:3]] == [[0], [3], [8]]  # CLS, patches 2 and 7
    expected = [[-2.25, -0.25, 1.75, 3.75], [-4, -5, 5, 4], [-4.5, -4, -3.5, -3]]
    assert np.allclose(tokens(weights[3:]), expected, atol=1e-9)


def test_prumerge_rows_and_extra_token():
    kept = [int(i) for i in twins.best(A, 3)]
    assert kept == [7, 2, 9]
    weights = twins.prumerge(A, with_cls(K), kept, neighbours=3)
    expected = [
        [0.15385, -0.98718, -2.12821, -2.70513],
        [-1.33333, 3.82051, -2.30769, 1.15385],
        [3, 4.73077, 4.62821, -4.92308],
        [-0.0641, -0.87179, 0.15385, 0.47436],
    ]
    assert np.allclose(tokens(weights), expected, atol=6e-6)


def test_budgets_of_visionzip_and_cells_of_a_grid():
    assert [twins.visionzip_split(n) for n in (288, 192, 144, 128, 64, 32)] == [
        (243, 45), (162, 30), (121, 23), (108, 20), (54, 10), (27, 5)]  # fmt: skip
    assert [twins.split(24, n) for n in (192, 144, 128, 64, 58)] == [
        (12, 16), (12, 12), (8, 16), (8, 8), None]  # fmt: skip


def test_density_peaks_of_eight_tokens():
    centres, cluster = decoder_twins.density_peaks(X[:8], 3)
    assert list(centres) == [6, 7, 2]
    assert list(cluster) == [2, 1, 2, 0, 1, 2, 0, 1]
    means = decoder_twins.merged(X[:8], np.arange(8), 3, 8) @ X[:8]
    expected = [[4.5, 1, -2.5, -0.5], [1, -3, 1 / 3, 0], [-10 / 3, 2, 0, 5 / 3]]
    assert np.allclose(means, expected, atol=1e-9)


def test_counts_of_one_cut_that_meet_a_mean():
    def kept(layer):
        return [decoder_twins.single_prune(n, "layermean", layer) for n in (288, 192, 144, 128, 96, 64, 58, 32)]

    assert kept(1) == [279, 180, 130, 114, 81, 47, 41, 14]
    assert kept(2) == [269, 166, 115, 98, 64, 30, 23, None]
    assert kept(3) == [258, 152, 99, 82, 46, 11, 4, None]
    assert decoder_twins.single_prune(192, "afterprune", 2) == 192


def test_a_rotated_pair_turns_by_its_position():
    x = np.array([[[1.0, 0, 0, 0]]])
    angle = 5.0
    assert np.allclose(decoder_twins.rotated(x, [5]), [[[np.cos(angle), 0, np.sin(angle), 0]]])
    x = np.array([[[0, 1.0, 0, 0]]])
    assert np.allclose(decoder_twins.rotated(x, [5]), [[[0, np.cos(angle / 100), 0, np.sin(angle / 100)]]])


def test_nuwa_takes_the_best_of_every_cell_and_drops_distance_and_opposites():
    rng = np.random.default_rng(1)
    attention = rng.random((4, 576))
    for budget, kept in ((64, 112), (128, 224), (192, 336)):
        survivors = decoder_twins.nuwa_survivors(attention, budget)
        assert len(survivors) == kept and list(survivors) == sorted(set(survivors))
        cells = np.bincount(survivors // 48 * 12 + survivors % 24 // 2, minlength=144)
        assert cells.max() == decoder_twins.nuwa_counts(budget)[0]
    hidden = [rng.standard_normal((577, 8)) for _ in range(9)]
    rows = decoder_twins.nuwa_rows(attention, hidden, 64)
    survivors = decoder_twins.nuwa_survivors(attention, 64)
    assert np.all(rows >= 0) and np.all(rows[np.arange(112), 1 + survivors] == 1)
    alone = (rows > 0).sum(1) == 1
    assert 49 <= alone.sum() <= 52  # 45 % of 112, and nobody else is so lonely
    far = abs(np.arange(576) // 24 - survivors[~alone][0] // 24) > np.sqrt(280)
    assert far.any() and np.all(rows[~alone][0, 1:][far] == 0)
