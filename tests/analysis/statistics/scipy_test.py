"""Intervals, tests and distribution functions against scipy on the same numbers."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

RESAMPLE = Path(os.environ["LITEBENCH_BIN"]) / "statistics_resample"
IMAGES = 200


@pytest.fixture(scope="module")
def data():
    """Sums per image: union, intersections of two methods."""
    random = np.random.default_rng(4)
    union = random.lognormal(9, 0.9, IMAGES).round()
    quality = random.beta(4, 2, IMAGES)
    a = (union * np.clip(quality + random.normal(0, 0.1, IMAGES), 0, 1)).round()
    b = (union * np.clip(quality - 0.03 + random.normal(0, 0.1, IMAGES), 0, 1)).round()
    return union, a, b


@pytest.fixture(scope="module")
def ours(data, tmp_path_factory):
    file = tmp_path_factory.mktemp("resample") / "sums.txt"
    np.savetxt(file, np.column_stack(data), fmt="%.0f")
    return json.loads(subprocess.run([RESAMPLE, file], capture_output=True, text=True, check=True).stdout)


def ratio(union, a, b, axis=-1):
    return a.sum(axis) / union.sum(axis)


def difference(union, a, b, axis=-1):
    return (a.sum(axis) - b.sum(axis)) / union.sum(axis)


def speed_up(union, a, b, axis=-1):
    return a.sum(axis) / b.sum(axis)


@pytest.mark.parametrize("kind", ["percentile", "bca"])
@pytest.mark.parametrize("statistic", [ratio, difference, speed_up])
def test_intervals_are_scipys_up_to_the_draws(data, ours, statistic, kind):
    method = {"percentile": "percentile", "bca": "BCa"}[kind]
    theirs = stats.bootstrap(data, statistic, paired=True, n_resamples=20_000, method=method,
                             random_state=np.random.default_rng(1))
    low, high = theirs.confidence_interval
    mine = ours[statistic.__name__]
    assert mine["estimate"] == pytest.approx(statistic(*data), rel=1e-12)
    # 10,000 draws place an end of the interval to about 1 % of its width; Poisson weights widen it by 1 / (2 n).
    assert mine[kind] == pytest.approx([low, high], abs=0.035 * (high - low))
    assert mine["standard_error"] == pytest.approx(theirs.standard_error, rel=0.035)


def test_the_sign_test_agrees_with_scipys_permutation_of_paired_samples(data, ours):
    union, a, b = data
    theirs = stats.permutation_test((a / union.sum(), b / union.sum()), lambda x, y, axis: x.sum(axis) - y.sum(axis),
                                    permutation_type="samples", vectorized=True, n_resamples=20_000,
                                    random_state=np.random.default_rng(2))
    assert ours["p"] == pytest.approx(theirs.pvalue, abs=4 * np.sqrt(theirs.pvalue / 10_000) + 2e-4)


def test_two_one_sided_tests_and_the_detectable_effect_follow_from_students_t(ours):
    mean, error, freedom = ours["difference"]["estimate"], ours["difference"]["standard_error"], IMAGES - 1
    above = stats.t.cdf((mean - 0.05) / error, freedom)
    below = stats.t.sf((mean + 0.05) / error, freedom)
    assert ours["equivalence_p"] == pytest.approx(max(above, below), rel=1e-9)
    effect = error * (stats.t.ppf(0.975, freedom) + stats.t.ppf(0.8, freedom))
    assert ours["minimal_detectable_effect"] == pytest.approx(effect, rel=1e-9)


def test_distribution_functions_are_scipys(ours):
    values = ours["distributions"]
    for z, value in values["normal_cdf"]:
        assert value == pytest.approx(stats.norm.cdf(z), rel=1e-12)
    for p, value in values["normal_quantile"]:
        assert value == pytest.approx(stats.norm.ppf(p), rel=1e-12, abs=1e-12)
    for t, freedom, value in values["student_cdf"]:
        assert value == pytest.approx(stats.t.cdf(t, freedom), abs=1e-11)
    for p, freedom, value in values["student_quantile"]:
        assert value == pytest.approx(stats.t.ppf(p, freedom), rel=1e-9)


def test_weights_are_poisson_with_mean_one_and_clusters_are_independent(ours):
    weights = np.array(ours["weights"]).reshape(3, -1)
    counts = np.bincount(weights.ravel(), minlength=8)
    expected = stats.poisson.pmf(np.arange(8), 1) * weights.size
    expected[7] = stats.poisson.sf(6, 1) * weights.size
    counts[7:] = counts[7:].sum()
    assert stats.chisquare(counts[:8] * expected.sum() / counts[:8].sum(), expected).pvalue > 1e-3
    assert np.abs(np.corrcoef(weights) - np.eye(3)).max() < 0.015
    assert abs(np.corrcoef(weights[0, :-1], weights[0, 1:])[0, 1]) < 0.015


def test_corrections(ours):
    p = np.array([0.001, 0.008, 0.04, 0.03, 0.5])
    assert ours["benjamini_hochberg"] == pytest.approx(stats.false_discovery_control(p, method="bh"))
    order = np.argsort(p)
    adjusted = np.minimum(1, np.maximum.accumulate(p[order] * (p.size - np.arange(p.size))))
    expected = np.empty_like(p)
    expected[order] = adjusted
    assert ours["holm"] == pytest.approx(expected)
