"""The figures. Each takes a run and returns (figure, title, text for those who do not see it), or None where the run has
nothing to show in it."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from figure_data import STAGES, rows_of

# Okabe and Ito: told apart by every kind of colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A6A53", "#8C564B", "#7F7F7F")
MARKERS = "osD^vPX*h"
STAGE_COLOURS = ("#8C8C8C", "#B9A38F", "#0072B2", "#D55E00", "#E69F00", "#009E73", "#56B4E9", "#CC79A7", "#5E5E9E")


def style_of(run):
    labels = [label for label in run.methods() if label != run.baseline]
    return {label: (COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]) for i, label in enumerate(labels)}


def axes_of(size=(6.4, 4.2)):
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, alpha=0.35, linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def percent(value):
    return None if value is None else 100 * value


def budget(run):
    """Average cIoU against the number of tokens, with the tables' intervals as bands."""
    figure, axes = axes_of()
    told, drawn = [], 0
    ticks = set()
    for label, variants in run.methods().items():
        points = [(run.budget(v), percent(run.value("ciou", v)), run.interval("ciou", v)) for v in variants if v != run.baseline]
        points = [point for point in points if point[1] is not None]
        if not points:
            continue
        colour, marker = style_of(run)[label]
        x, y = [p[0] for p in points], [p[1] for p in points]
        axes.plot(x, y, color=colour, marker=marker, label=label, markersize=6, linewidth=1.7)
        with_band = [p for p in points if p[2]]
        if with_band:
            axes.fill_between([p[0] for p in with_band], [100 * p[2][0] for p in with_band],
                              [100 * p[2][1] for p in with_band], color=colour, alpha=0.15, linewidth=0)
        told.append(f"{label}: " + ", ".join(f"{b:.1f} at {a} tokens" for a, b in zip(x, y)))
        ticks.update(x)
        drawn += 1
    whole = percent(run.value("ciou", run.baseline))
    if whole is not None:
        axes.axhline(whole, color="#7F7F7F", linestyle="--", linewidth=1.4, label=f"{run.baseline} ({run.budget(run.baseline)} tokens)")
        told.append(f"{run.baseline}: {whole:.1f}")
    if not drawn:
        return None
    axes.set_xticks(sorted(ticks))
    axes.set_xlabel("visual tokens")
    axes.set_ylabel("cIoU, mean over splits (%)")
    axes.legend(frameon=False, fontsize=9)
    return figure, "cIoU against the token budget. Bands: 95 % intervals of the tables.", "cIoU by budget. " + "; ".join(told)


def frontier(points):
    """Points that no other one beats in both coordinates (smaller x, larger y), by rising x."""
    best, kept = -np.inf, []
    for x, y, name in sorted(points, key=lambda p: (p[0], -p[1])):
        if y > best:
            kept.append((x, y, name))
            best = y
    return kept


def pareto(run):
    """Accuracy against latency, the marker's area is memory."""
    found = [(run.value("total_ms", v), percent(run.value("ciou", v)), run.value("peak_mib", v) or run.value("llm_mib", v), v)
             for v in run.variants]
    found = [point for point in found if point[0] is not None and point[1] is not None]
    if len(found) < 2:
        return None
    figure, axes = axes_of()
    memory = [point[2] for point in found if point[2]]
    styles = style_of(run)
    named = set()
    for x, y, mib, variant in found:
        label = run.label(variant)
        colour, marker = styles.get(label, ("#444444", "*"))
        area = 70 if not (mib and memory) else 40 + 260 * mib / max(memory)
        axes.scatter([x], [y], s=area, color=colour, marker=marker, alpha=0.85, linewidth=0.6, edgecolor="white",
                     label=None if label in named else label)
        named.add(label)
        if variant != run.baseline:
            axes.annotate(str(run.budget(variant)), (x, y), xytext=(6, 5), textcoords="offset points", fontsize=8)
    front = frontier([(x, y, v) for x, y, _, v in found])
    axes.step([p[0] for p in front], [p[1] for p in front], where="post", color="#7F7F7F", linewidth=1, linestyle=":", zorder=0)
    axes.set_xlabel("end to end per image (ms)")
    axes.set_ylabel("cIoU, mean over splits (%)")
    axes.legend(frameon=False, fontsize=9, labelspacing=1.2, borderpad=1)
    size = "Marker area: peak memory. " if memory else "Memory was not measured. "
    return (figure, f"Accuracy against latency; numbers are token budgets. {size}Dotted: what nothing beats in both.",
            "Best trade-offs, from fast to accurate: " + ", ".join(f"{v} ({x:.1f} ms, {y:.1f} %)" for x, y, v in front))


def stages(run):
    """Where the time of an image goes, per variant."""
    rows = rows_of(run)
    if rows is None:
        return None
    units = rows["units"]
    timed = units[(units["pass"] == 1) & (units["status"] == 0)]
    bars = []
    for variant in sorted(run.variants, key=run.budget, reverse=True):
        own = timed[timed["variant"] == rows["ids"].index(variant)] if variant in rows["ids"] else timed[:0]
        if len(own):
            _, sample, repeats = np.unique(own["sample_id"], return_inverse=True, return_counts=True)
            weight = 1 / repeats[sample]   # a sample that was repeated more often weighs no more
            spent = np.maximum(own["stage_ns"], 0)
            bars.append((variant, np.average(spent, axis=0, weights=weight) / 1e6, np.average(own["total_ns"], weights=weight) / 1e6))
    if not bars:
        return None
    figure, axes = axes_of((6.4, 1.6 + 0.34 * len(bars)))
    position = np.arange(len(bars))[::-1]
    left = np.zeros(len(bars))
    for stage, name in enumerate(STAGES):
        width = np.array([bar[1][stage] for bar in bars])
        if width.sum() > 0:
            axes.barh(position, width, left=left, height=0.7, color=STAGE_COLOURS[stage], label=name)
        left += width
    other = np.array([max(bar[2] - bar[1].sum(), 0) for bar in bars])
    if (other > 0.01 * left).any():
        axes.barh(position, other, left=left, height=0.7, color="#D0D0D0", label="between stages")
    axes.set_yticks(position, [bar[0] for bar in bars])
    axes.grid(False, axis="y")
    axes.set_xlabel("mean per image (ms)")
    figure.legend(loc="outside lower center", ncols=5, frameon=False, fontsize=8)
    told = "; ".join(f"{v}: {total:.1f} ms, of it prefill {spent[5]:.1f} and SAM {spent[6]:.1f}" for v, spent, total in bars)
    return figure, "Time per stage in the latency pass.", "Mean time per image. " + told


def retention(run):
    """cIoU of every variant and split as a share of the baseline's."""
    variants = [v for v in sorted(run.variants, key=lambda v: (run.label(v), -run.budget(v))) if v != run.baseline]
    grid = np.full((len(variants), len(run.splits)), np.nan)
    for row, variant in enumerate(variants):
        for column, split in enumerate(run.splits):
            own, whole = run.value("ciou", variant, [split]), run.value("ciou", run.baseline, [split])
            if own is not None and whole:
                grid[row, column] = 100 * own / whole
    if not variants or np.isnan(grid).all():
        return None
    figure = Figure(figsize=(max(4.2, 1.9 + 0.82 * len(run.splits)), 1.5 + 0.36 * len(variants)), layout="constrained")
    axes = figure.subplots()
    low, high = np.nanmin(grid), max(100.0, np.nanmax(grid))
    picture = axes.imshow(grid, aspect="auto", cmap="cividis", vmin=min(low, 99), vmax=high)
    axes.set_xticks(range(len(run.splits)), [split.replace("/", "\n") for split in run.splits], fontsize=8)
    axes.set_yticks(range(len(variants)), variants, fontsize=8)
    for row, column in np.argwhere(~np.isnan(grid)):
        red, green, blue, _ = picture.cmap(picture.norm(grid[row, column]))
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
        axes.text(column, row, f"{grid[row, column]:.0f}", ha="center", va="center", fontsize=8, color="white" if dark else "black")
    figure.colorbar(picture, ax=axes, label=f"% of {run.baseline}", shrink=0.9)
    worst = np.unravel_index(np.nanargmin(grid), grid.shape)
    return (figure, f"Retention: cIoU as a share of that of {run.baseline}, per split.",
            f"Retention by variant and split, from {low:.0f} to {np.nanmax(grid):.0f} %; lowest: {variants[worst[0]]} on "
            f"{run.splits[worst[1]]}")


def starts_of(rows):
    """[(ranks, seconds from the first bundle's begin to the last one's end, units, busy seconds per rank)] per start."""
    found = []
    names = rows["attempts"]["attempt"]
    for name in dict.fromkeys(names.tolist()):
        members = np.flatnonzero(names == name)
        own = rows["bundles"][np.isin(rows["bundles"]["attempt"], members)]
        if len(own):
            seconds = ((own["begin_ns"] + own["duration_ns"]).max() - own["begin_ns"].min()) / 1e9
            busy = [own["duration_ns"][own["attempt"] == member].sum() / 1e9 for member in members]
            found.append((int(rows["attempts"]["ranks"][members[0]]), seconds, int(own["units"].sum()), busy))
    return found


def scaling(run):
    """Throughput against ranks where starts had several numbers of them, else how busy each rank was."""
    rows = rows_of(run)
    starts = [] if rows is None else starts_of(rows)
    if not starts:
        return None
    if len({start[0] for start in starts}) > 1:
        figure, axes = axes_of()
        ranks = np.array([start[0] for start in starts])
        rate = np.array([start[2] / max(start[1], 1e-9) for start in starts])
        axes.scatter(ranks, rate, color=COLOURS[0], zorder=3, label="starts of this run")
        single = np.median(rate[ranks == ranks.min()]) / ranks.min()
        axes.plot([0, ranks.max()], [0, single * ranks.max()], linestyle="--", color="#7F7F7F", label="in proportion")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("ranks")
        axes.set_ylabel("units per second")
        axes.legend(frameon=False)
        told = ", ".join(f"{b:.1f} units/s with {a} ranks" for a, b in zip(ranks, rate))
        return figure, "Throughput against the number of ranks.", "Throughput: " + told
    seconds, busy = starts[-1][1], starts[-1][3]
    idle = [max(seconds - b, 0) for b in busy]
    figure, axes = axes_of((6.4, 1.7 + 0.32 * len(busy)))
    position = np.arange(len(busy))[::-1]
    axes.barh(position, busy, height=0.7, color=COLOURS[0], label="computing")
    axes.barh(position, idle, left=busy, height=0.7, color="#C9C9C9", label="waiting")
    axes.set_yticks(position, [f"rank {rank}" for rank in range(len(busy))])
    axes.set_xlabel("seconds")
    axes.grid(False, axis="y")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    share = 100 * sum(idle) / max(seconds * len(busy), 1e-9)
    return (figure, "How long each rank computed, from the first bundle to the last. (Starts with other numbers of ranks would "
            "show how throughput scales.)",
            f"{len(busy)} ranks, {seconds:.1f} s, {share:.1f} % of the ranks' time waiting")


CHARTS = {"budget": budget, "pareto": pareto, "stages": stages, "retention": retention, "scaling": scaling}
