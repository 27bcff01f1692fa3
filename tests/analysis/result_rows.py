"""The rows of results.h5 as data frames, and what the tables' columns share: values of a split, sampled ratios, timed pairs."""

import functools

import h5py
import numpy as np
import pandas as pd
from redrawn import DRAWS, Sampled, mean, picks, weights

PREFILL, SELECT = 5, 3


class Run:
    def __init__(self, path):
        with h5py.File(path, "r") as file:
            self.heap = file["bytes"][...].tobytes()
            self.variants = [v.decode() for v in file["variants"]["id"]]
            self.budgets = [int(v) for v in file["variants"]["tokens"]]
            self.splits = [s.decode() for s in file["splits"]["name"]]
            tables = {name: file[name][...] for name in ("expressions", "units", "cold_starts", "samples", "sentences", "bundles", "attempts")}
        self.units = self.frame(tables["units"]).assign(prefill=tables["units"]["stage_ns"][:, PREFILL],
                                                        select=tables["units"]["stage_ns"][:, SELECT])
        self.cold_starts = self.frame(tables["cold_starts"])
        self.samples, self.bundles = self.frame(tables["samples"]), self.frame(tables["bundles"])
        self.sentences, self.attempts = self.frame(tables["sentences"]), self.frame(tables["attempts"])
        self.expressions = self.paired(self.frame(tables["expressions"]))
        e = self.expressions
        e["target"] = e.target_area + e.overlap_area > 0
        e["iou"] = np.where(e.union == 0, 1.0, e.intersection / (e.union + 1e-5))
        for tenths in range(5, 10):
            e[f"p{tenths}0"] = (e.union == 0) | (10 * e.intersection >= tenths * e.union)
        self.images = tuple(sorted(e.image_id.unique()))
        self.none = self.variants.index("none")

    @staticmethod
    def frame(rows):
        return pd.DataFrame({name: rows[name] for name in rows.dtype.names if rows[name].ndim == 1})

    def paired(self, expressions):
        accuracy = self.units[self.units["pass"] == 0]
        bad = set(accuracy[accuracy.status != 0].sample_id)
        ok = expressions[expressions.status == 0]
        return ok[~ok.sample_id.isin(bad)].copy()

    def label(self, v, suffix):
        return f"{self.variants[v]}/{suffix}"

    @functools.cache
    def of(self, v, split=None):
        e = self.expressions
        keep = e.variant == v if split is None else (e.variant == v) & (e.split == split)
        return e[keep]

    def per_seed(self, rows, f):
        return float(np.mean([f(group) for _, group in rows.groupby("seed")]))

    @functools.cache
    def value(self, metric, v, split):
        rows = self.of(v, split)
        if metric == "ciou":
            return self.per_seed(rows, lambda g: g.intersection.sum() / (g.union.sum() + 1e-10))
        if metric == "giou":
            return self.per_seed(rows, lambda g: g.iou.sum() / (len(g) + 1e-5))
        if metric == "n_acc":
            rows = rows[~rows.target]
            return self.per_seed(rows, lambda g: (g.predicted_area == 0).mean())
        if metric == "t_acc":
            rows = rows[rows.target]
            return self.per_seed(rows, lambda g: (g.predicted_area > 0).mean())
        if metric == "expressions":
            return len(rows) / rows.seed.nunique()
        if metric == "seeds":
            return rows.seed.nunique()
        return self.per_seed(rows, lambda g: g[metric].mean())

    def average(self, metric, v):
        return float(np.mean([self.value(metric, v, s) for s in range(len(self.splits))]))

    def ratio_of_sums(self, rows, over, under, epsilon, variant):
        """Sampled Σ over / (Σ under + ε), mean over seeds."""
        seeds = []
        for _, group in rows.groupby("seed"):
            sums = group.assign(over=over(group), under=under(group)).groupby("image_id")[["over", "under"]].sum()
            sums = sums.reindex(list(self.images), fill_value=0)
            o, u = sums.over.to_numpy(float), sums.under.to_numpy(float)
            w = weights(self.images)
            value = o.sum() / (u.sum() + epsilon)
            without = np.where((o != 0) | (u != 0), (o.sum() - o) / (u.sum() - u + epsilon), value)
            seeds.append(Sampled(value, o @ w / (u @ w + epsilon), without))
        out = mean(seeds)
        if len(seeds) > 1:
            chosen = picks(variant, len(seeds))
            draws = np.stack([s.draws for s in seeds])
            out.draws = draws[chosen, np.arange(DRAWS)[:, None]].sum(axis=1) / (len(seeds) - 1)
        return out

    @functools.cache
    def sampled(self, metric, v, split):
        over = {"ciou": lambda g: g.intersection, "giou": lambda g: g.iou, "p50": lambda g: g.p50,
                "n_acc": lambda g: ~g.target & (g.predicted_area == 0), "t_acc": lambda g: g.target & (g.predicted_area > 0)}
        under = {"ciou": lambda g: g.union, "n_acc": lambda g: ~g.target, "t_acc": lambda g: g.target}
        epsilon = {"ciou": 1e-10, "giou": 1e-5}.get(metric, 0)
        return self.ratio_of_sums(self.of(v, split), over[metric], under.get(metric, lambda g: g.union * 0 + 1), epsilon, v)

    @functools.cache
    def sampled_average(self, metric, v):
        return mean(self.sampled(metric, v, s) for s in range(len(self.splits)))

    # latency pass
    @functools.cache
    def pairs(self, v):
        timed = self.units[(self.units["pass"] == 1) & (self.units.status == 0)]
        keys = ["sample_id", "repeat"]
        return timed[timed.variant == v].merge(timed[timed.variant == self.none], on=keys, suffixes=("", "_base"))

    def positive(self, v, column):
        rows = self.pairs(v)
        return rows[(rows[column] > 0) & (rows[column + "_base"] > 0)]

    def samples_of(self, v, column):
        """Means over the repeats of every sample."""
        return self.positive(v, column).groupby(["image_id", "sample_id"])[[column, column + "_base"]].mean()

    def share(self, v, column):
        rows = self.samples_of(v, column)
        return rows[column].sum() / rows[column + "_base"].sum()

    def latency_interval(self, v, column, inverse):
        rows = self.samples_of(v, column)
        images = tuple(sorted(rows.index.unique("image_id")))
        sums = rows.groupby("image_id").sum().loc[list(images)].to_numpy(float)
        if inverse:
            sums = sums[:, ::-1]
        w = weights(images)
        total = sums.sum(axis=0)
        left = total - sums
        return Sampled(total[0] / total[1], (sums[:, 0] @ w) / (sums[:, 1] @ w), left[:, 0] / left[:, 1]).interval()
