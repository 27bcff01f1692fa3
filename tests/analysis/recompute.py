"""Every number of the tables once more, from results.h5 alone: pandas, numpy and scipy, written from analysis/README.md.

`TABLES[name](result_rows.Run("results.h5"))` gives {tag: printed} for a run of one protocol with upstream's epsilons and default [tables].
"""

import functools

import numpy as np
import pandas as pd
from printed import bounds, count, fixed, half, p_value, percent, points, ratio, tokens
from redrawn import DRAWS, coins, mean
from scipy import stats

ALPHA, POWER, MARGIN, LEAST = 0.05, 0.8, 0.01, 10
SMALL, MEDIUM = 32**2, 96**2
PLACES = set("""top bottom upper lower middle center centre front back behind above below corner side edge near nearest next
closest closer far farthest furthest between under over beside background foreground end""".split())


def vary(run):
    return range(len(run.variants))


def budget(run, v):
    if run.budgets[v] > 0:
        return run.budgets[v]
    return told(run, v).kept.mean()


def told(run, v):
    """Repeats keep the same tokens: one unit of every sample and seed."""
    return run.units[(run.units.variant == v) & (run.units.status == 0)].drop_duplicates(["sample_id", "seed"])


def layer_mean(run, v):
    return told(run, v).layer_mean_tokens.astype(float).mean()


def labels(run, out, v, prefix):
    out[f"{prefix}/tokens"] = tokens(budget(run, v))


def accuracy_cell(run, metric, v, s, form):
    return form(percent, run.value(metric, v, s), run.sampled(metric, v, s).interval())


def average_cell(run, metric, v, form):
    return form(percent, run.average(metric, v), run.sampled_average(metric, v).interval())


def retention(run, v, form):
    value = run.average("ciou", v) / run.average("ciou", run.none)
    if v == run.none:
        return percent(value)
    sampled = run.sampled_average("ciou", v).map(run.sampled_average("ciou", run.none), lambda a, b: a / b)
    return form(percent, value, sampled.interval())


def latency_ratio(run, v, column, inverse, form):
    share = run.share(v, column)
    interval = None if v == run.none else run.latency_interval(v, column, inverse)
    return form(ratio, 1 / share if inverse else share, interval)


def ceiling(run, v):
    total, prefill = run.samples_of(v, "total_ns"), run.samples_of(v, "prefill")
    return total.total_ns_base.sum() / (total.total_ns_base.sum() - prefill.prefill_base.sum() + prefill.prefill.sum())


def main_table(run):
    out = {}
    for v in vary(run):
        labels(run, out, v, run.variants[v])
        out[run.label(v, "layer_mean_tokens")] = tokens(layer_mean(run, v))
        for s, split in enumerate(run.splits):
            out[run.label(v, f"{split}/ciou")] = accuracy_cell(run, "ciou", v, s, half)
        out[run.label(v, "average")] = average_cell(run, "ciou", v, half)
        out[run.label(v, "retention")] = retention(run, v, half)
        out[run.label(v, "giou")] = average_cell(run, "giou", v, half)
        out[run.label(v, "p50")] = average_cell(run, "p50", v, half)
        out[run.label(v, "speed_up")] = latency_ratio(run, v, "total_ns", True, half)
        out[run.label(v, "prefill_speed_up")] = latency_ratio(run, v, "prefill", True, half)
        out[run.label(v, "memory")] = latency_ratio(run, v, "peak_bytes_total", False, half)
    return out


def metrics_table(run):
    out = {}
    without_target = not run.expressions.target.all()
    for v in vary(run):
        for s, split in enumerate(run.splits):
            prefix = run.label(v, split)
            labels(run, out, v, prefix)
            out[f"{prefix}/expressions"] = count(run.value("expressions", v, s))
            out[f"{prefix}/seeds"] = count(run.value("seeds", v, s))
            for metric in ("ciou", "giou"):
                out[f"{prefix}/{metric}"] = accuracy_cell(run, metric, v, s, bounds)
            for metric in ["p50", "p60", "p70", "p80", "p90"] + ["n_acc", "t_acc"] * without_target:
                out[f"{prefix}/{metric}"] = percent(run.value(metric, v, s))
    return out


def efficiency_table(run):
    out = {}
    for v in vary(run):
        labels(run, out, v, run.variants[v])
        cells = {"pairs": count(len(run.positive(v, "total_ns"))),
                 "prefill_ms": fixed(2)(run.samples_of(v, "prefill").prefill.mean() / 1e6),
                 "prefill_speed_up": latency_ratio(run, v, "prefill", True, bounds),
                 "total_ms": fixed(2)(run.samples_of(v, "total_ns").total_ns.mean() / 1e6),
                 "speed_up": latency_ratio(run, v, "total_ns", True, bounds),
                 "ceiling": ratio(ceiling(run, v)),
                 "llm_mib": fixed(1)(run.samples_of(v, "peak_bytes_llm").peak_bytes_llm.mean() / 2**20),
                 "llm_memory": latency_ratio(run, v, "peak_bytes_llm", False, bounds),
                 "peak_mib": fixed(1)(run.samples_of(v, "peak_bytes_total").peak_bytes_total.mean() / 2**20),
                 "memory": latency_ratio(run, v, "peak_bytes_total", False, bounds),
                 "tflops": fixed(3)(run.samples_of(v, "flops_total").flops_total.mean() / 1e12)}
        if any((run.positive(w, "total_ns").energy_mj > 0).all() for w in vary(run)):
            timed = run.positive(v, "total_ns")
            known = (timed.energy_mj > 0).all()
            cells["energy_j"] = fixed(2)(timed.groupby("sample_id").energy_mj.mean().mean() / 1e3) if known else "—"
        out.update({run.label(v, name): text for name, text in cells.items()})
    return out


def cold_start_table(run):
    out = {}
    timed = run.units[(run.units["pass"] == 1) & (run.units.status == 0)]
    warm = timed.groupby(["sample_id", "variant", "attempt"]).total_ns.median().rename("warm").reset_index()
    both = run.cold_starts.merge(warm, on=["sample_id", "variant", "attempt"])
    for v in vary(run):
        labels(run, out, v, run.variants[v])
        own = both[both.variant == v]
        first, after = own.total_ns.median(), own.warm.median()
        out[run.label(v, "starts")] = count(len(own))
        out[run.label(v, "first_ms")] = fixed(2)(first / 1e6)
        out[run.label(v, "warm_ms")] = fixed(2)(after / 1e6)
        out[run.label(v, "first_over_warm")] = ratio(first / after)
    return out


def pareto_table(run):
    out = {}
    for v in vary(run):
        labels(run, out, v, run.variants[v])
        out[run.label(v, "layer_mean_tokens")] = tokens(layer_mean(run, v))
        out[run.label(v, "average")] = average_cell(run, "ciou", v, bounds)
        out[run.label(v, "retention")] = retention(run, v, bounds)
        out[run.label(v, "speed_up")] = latency_ratio(run, v, "total_ns", True, bounds)
        out[run.label(v, "memory")] = latency_ratio(run, v, "peak_bytes_total", False, bounds)
        out[run.label(v, "llm_memory")] = latency_ratio(run, v, "peak_bytes_llm", False, bounds)
    return out


def break_even_table(run):
    out = {}
    for v in vary(run):
        labels(run, out, v, run.variants[v])
        rows = run.samples_of(v, "prefill")
        saved = (rows.prefill_base.sum() - rows.prefill.sum()) / len(rows)
        selecting = run.pairs(v)
        select = selecting[selecting["select"] >= 0].groupby("sample_id")["select"].mean().mean()
        whole, kept = layer_mean(run, run.none), layer_mean(run, v)
        out[run.label(v, "layer_mean_tokens")] = tokens(kept)
        out[run.label(v, "select_ms")] = fixed(2)(select / 1e6)
        out[run.label(v, "saved_ms")] = fixed(2)(saved / 1e6)
        out[run.label(v, "ceiling")] = ratio(ceiling(run, v))
        out[run.label(v, "speed_up")] = latency_ratio(run, v, "total_ns", True, bounds)
        even = whole - select / saved * (whole - kept) if saved > 0 and kept < whole else -1
        out[run.label(v, "break_even")] = tokens(even) if even > 0 else "—"
    return out


def difference(run, a, b, split):
    if split is None:
        return run.sampled_average("ciou", a).map(run.sampled_average("ciou", b), np.subtract)
    return run.sampled("ciou", a, split).map(run.sampled("ciou", b, split), np.subtract)


def sign_test(run, a, b, split):
    """p of random signs of what every image adds to the difference, both ratios linearised at their middle."""
    added = pd.Series(0.0, index=list(run.images))
    splits = range(len(run.splits)) if split is None else [split]
    for s in splits:
        middle = (run.sampled("ciou", a, s).value + run.sampled("ciou", b, s).value) / 2
        for v, sign in ((a, 1), (b, -1)):
            groups = [g for _, g in run.of(v, s).groupby("seed")]
            for g in groups:
                own = (g.intersection - middle * g.union).groupby(g.image_id).sum() / g.union.sum() / len(groups) / len(splits)
                added = added.add(sign * own, fill_value=0)
    d = added.loc[list(run.images)].to_numpy()
    flipped = 2 * (d @ coins(run.images)) - d.sum()
    return (1 + (np.abs(flipped) >= abs(d.sum()) - 1e-12 * np.abs(d).sum()).sum()) / (1 + DRAWS)


def holm(p):
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(np.asarray(p)[order] * (len(p) - np.arange(len(p)))))
    return adjusted


@functools.cache
def families(run):
    """Pairs to compare, by kind: (variant, other, split, shown as)."""
    splits = [None, *range(len(run.splits))]
    worth = {(v, s): (run.sampled_average("ciou", v) if s is None else run.sampled("ciou", v, s)).value
             for v in vary(run) for s in splits}
    baseline = [(v, run.none, s, "baseline") for s in splits for v in vary(run) if v != run.none]
    rivals = []
    for s in splits:
        for tokens_kept in sorted(set(run.budgets) - {0}):
            order = sorted((v for v in vary(run) if run.budgets[v] == tokens_kept), key=lambda v: -worth[v, s])
            for rank, v in enumerate(order):
                rivals.append((v, order[1] if rank == 0 else order[0], s, "rival"))
                if rank + 1 < len(order):
                    rivals.append((v, order[rank + 1], s, "next"))
    out = {}
    for family in (baseline, rivals):
        hypotheses = sorted({(-1 if s is None else s, min(a, b), max(a, b)) for a, b, s, _ in family})
        p = [sign_test(run, a, b, None if s < 0 else s) for s, a, b in hypotheses]
        adjusted = holm(p)
        for a, b, s, kind in family:
            i = hypotheses.index((-1 if s is None else s, min(a, b), max(a, b)))
            out[a, s, kind] = (b, p[i], adjusted[i])
    return out


def images_of(run, split):
    return len(run.images) if split is None else run.expressions[run.expressions.split == split].image_id.nunique()


def comparisons_table(run):
    out = {}
    for (v, s, kind), (other, p, adjusted) in families(run).items():
        if kind == "next":
            continue
        prefix = run.label(v, f"{'average' if s is None else run.splits[s]}/{kind}")
        labels(run, out, v, prefix)
        sampled = difference(run, v, other, s)
        error, freedom = sampled.draws.std(ddof=1), images_of(run, s) - 1
        out[f"{prefix}/ciou_delta"] = bounds(points, sampled.value, sampled.interval())
        out[f"{prefix}/p"] = p_value(p)
        out[f"{prefix}/adjusted_p"] = p_value(adjusted)
        out[f"{prefix}/detectable"] = points(error * (stats.t.ppf(1 - ALPHA / 2, freedom) + stats.t.ppf(POWER, freedom)))
        above = stats.t.cdf((sampled.value - MARGIN) / error, freedom)
        below = stats.t.sf((sampled.value + MARGIN) / error, freedom)
        out[f"{prefix}/equivalence_p"] = p_value(max(above, below))
    return out


def marks(run):
    """{tag of the main table: best | second}"""
    out, found = {}, families(run)
    for tokens_kept in set(run.budgets) - {0}:
        group = [v for v in vary(run) if run.budgets[v] == tokens_kept]
        for s in [None, *range(len(run.splits))]:
            worth = {v: (run.sampled_average("ciou", v) if s is None else run.sampled("ciou", v, s)).value for v in group}
            order = sorted(group, key=lambda v: -worth[v])
            for name, v in zip(("best", "second"), order[:-1]):
                if found[v, s, "next"][2] >= ALPHA:
                    break
                out[run.label(v, "average" if s is None else f"{run.splits[s]}/ciou")] = name
    return out


def sentence_classes(run):
    """Slices of every sentence: {(sample, turn): {size, words, length, category}}"""
    area = run.expressions.assign(area=run.expressions.target_area + run.expressions.overlap_area)
    area = area.groupby(["sample_id", "turn"]).area.first()
    out = {}
    for row in run.sentences.itertuples():
        text = run.heap[row.text_offset:][: row.text_length].decode().lower()
        spoken = "".join(c if c.isalnum() or ord(c) > 127 else "" if c == "'" else " " for c in text).split()
        left, right = {"left", "leftmost"} & set(spoken), {"right", "rightmost"} & set(spoken)
        place = "left" if left and not right else "right" if right and not left else None
        place = place or ("other place" if left or PLACES & set(spoken) else "no place")
        n = len(spoken)
        size = area.get((row.sample_id, row.turn), np.nan)
        out[row.sample_id, row.turn] = {
            "size": "no target" if size == 0 else "small" if size < SMALL else "medium" if size < MEDIUM else "large",
            "words": place,
            "length": "1-2 words" if n <= 2 else "3-4 words" if n <= 4 else "5-8 words" if n <= 8 else "9+ words",
            "category": category_name(row.category_id)}
    return out


def category_name(category):
    return {1: "person", 2: "bicycle", 3: "car", 4: "motorcycle", 5: "airplane", 6: "bus", 7: "train", 8: "truck",
            9: "boat"}[category]


def slice_cells(run, names, form):
    classes = sentence_classes(run)
    keys = list(zip(run.expressions.sample_id, run.expressions.turn))
    for name in names:
        value = np.array([classes[key][name] for key in keys])
        for kind in sorted(set(value)):
            for v in vary(run):
                rows = run.expressions[(value == kind) & (run.expressions.variant == v)]
                if rows.empty:
                    continue
                sampled = run.ratio_of_sums(rows, lambda g: g.intersection, lambda g: g.union, 1e-10, v)
                interval = sampled.interval() if rows.image_id.nunique() >= LEAST else None
                yield f"{run.variants[v]}/{name}={kind}", form(percent, sampled.value, interval), rows, v


def slices_table(run):
    out = {}
    for v in vary(run):
        labels(run, out, v, run.label(v, "slices"))
    for prefix, text, _, _ in slice_cells(run, ("size", "words", "length"), half):
        out[f"{prefix}/ciou"] = text
    return out


def categories_table(run):
    out = {}
    for prefix, text, rows, v in slice_cells(run, ("category",), bounds):
        out[f"{prefix}/ciou"] = text
        out[f"{prefix}/expressions"] = count(len(rows) / rows.seed.nunique())
        labels(run, out, v, prefix)
    return out


def float32_sums(run, rows):
    """The reference's float32 additions, image by image in evaluation order (upstream.md §7.3)."""
    f = np.float32
    hit = all_ = iou = f(0)
    order = run.samples.set_index("sample_id").order
    for _, group in sorted(rows.groupby("sample_id"), key=lambda item: order[item[0]]):
        own = f(0), f(0), f(0)
        for i, u in zip(group.intersection, group.union):
            score = f(i) / (f(u) + f(1e-5)) + (f(1) if u == 0 else f(0))
            own = own[0] + f(i), own[1] + f(u), own[2] + score
        n = f(len(group))
        hit, all_, iou = hit + own[0], all_ + own[1], iou + own[2] / n * n
    return hit / (all_ + f(1e-10)), iou / f(len(rows) + 1e-5)


def conventions_table(run):
    out = {}
    for v in vary(run):
        for s, split in enumerate(run.splits):
            prefix = run.label(v, split)
            labels(run, out, v, prefix)
            values = []
            for _, g in run.of(v, s).groupby("seed"):
                with np.errstate(invalid="ignore"):
                    plain = np.where(g.union == 0, 1, g.intersection / g.union)
                    hit = g.intersection + g.overlap_hit
                    whole = g.predicted_area + g.target_area + g.overlap_area - hit
                    merged = np.where(whole == 0, 1, hit / whole)
                by_image = g.groupby("sample_id")[["intersection", "union"]].sum()
                f32 = float32_sums(run, g)
                values.append({
                    "ciou_upstream_f32": float(f32[0]), "ciou_upstream": g.intersection.sum() / (g.union.sum() + 1e-10),
                    "ciou_union_target": hit.sum() / whole.sum(),
                    "ciou_with_target": g.intersection[g.target].sum() / g.union[g.target].sum(),
                    "ciou_by_image": np.where(by_image.union == 0, 1, by_image.intersection / by_image.union).mean(),
                    "giou_upstream_f32": float(f32[1]), "giou_upstream": g.iou.sum() / (len(g) + 1e-5),
                    "giou_plain": plain.mean(), "giou_union_target": merged.mean(), "giou_with_target": plain[g.target].mean()})
            for name, value in pd.DataFrame(values).mean().items():
                out[f"{prefix}/{name}"] = percent(value)
    return out


def stragglers_table(run):
    out = {}
    b = run.bundles.assign(end=run.bundles.begin_ns + run.bundles.duration_ns)
    b["name"] = [run.attempts.attempt[i].decode() for i in b.attempt]
    b["rank"] = [run.attempts["rank"][i] for i in b.attempt]
    for (name, rank), own in b.groupby(["name", "rank"]):  # a process has a shard for every pack and pass
        whole = b[b.name == name]
        span = whole.end.max() - whole.begin_ns.min()
        busy = own.duration_ns.sum()
        prefix = f"{name}/r{rank}"
        cells = {"rank": count(rank), "bundles": count(len(own)), "busy_s": fixed(1)(busy / 1e9),
                 "idle_s": fixed(1)((span - busy) / 1e9), "idle": percent((span - busy) / span),
                 "tail_s": fixed(1)((whole.end.max() - own.end.max()) / 1e9), "longest_s": fixed(1)(own.duration_ns.max() / 1e9)}
        out.update({f"{prefix}/{name}": text for name, text in cells.items()})
    return out


TABLES = {"main": main_table, "metrics": metrics_table, "efficiency": efficiency_table, "cold-start": cold_start_table, "comparisons": comparisons_table,
          "pareto": pareto_table, "break-even": break_even_table, "slices": slices_table, "categories": categories_table,
          "conventions": conventions_table, "stragglers": stragglers_table}
