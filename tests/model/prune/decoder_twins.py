"""The pruning methods inside the language model once more, in NumPy and float64, written from the papers' method
cards and from nothing else (see twins.py, which has those before the language model).

A Recorded run holds what decoder_probe wrote: the states that entered every layer and the weights. Queries, keys,
attention and norms are computed from those here; nothing that a method was told by the program enters a selection.
A twin gives, for every layer before which it cuts, a matrix W over the visual rows of that moment.
"""

import numpy as np
from twins import best, cosines, order, softmax, unit


class Recorded:
    """One conversation through the prefill: `tensors` as decoder_probe wrote them, `weights` as it was given."""

    def __init__(self, tensors, weights, heads):
        self.tensors, self.weights, self.heads = tensors, weights, heads
        self.layers = len(tensors["entering"])
        self.head_dim = tensors["hidden.0"].shape[1] // heads

    def layer(self, layer, part):
        return np.asarray(self.weights[f"model.layers.{layer}.{part}.weight"], np.float64)

    def states(self, layer):
        """States that enter `layer`, behind its cut."""
        return np.asarray(self.tensors[f"hidden.{layer}"], np.float64)

    def before(self, layer):
        """States at the cut before `layer`."""
        return np.asarray(self.tensors[f"before.{layer}"], np.float64)

    def visual(self, layer):
        """Rows of hidden.(layer − 1), which are those of before.layer, that are visual."""
        return np.flatnonzero(self.tensors[f"origins.{layer - 1}"] != -2)

    def after(self, layer):
        """Rows behind the visual ones."""
        return np.arange(self.visual(layer)[-1] + 1, len(self.tensors[f"origins.{layer - 1}"]))

    def incoming(self, layer):
        """(states, positions) of the cut before `layer`: what the layer would see if nothing were cut."""
        return self.before(layer), self.tensors[f"positions.{layer - 1}"]

    def ran(self, layer):
        """(states, positions) that entered `layer`, which has run."""
        return self.states(layer), self.tensors[f"positions.{layer}"]

    # ---- the layer, written out ----

    def norm(self, x, weight):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * np.asarray(self.weights[weight], np.float64)

    def final_norm(self, x):
        return self.norm(x, "model.norm.weight")

    def input_norm(self, layer, x):
        return self.norm(x, f"model.layers.{layer}.input_layernorm.weight")

    def split_heads(self, x):
        return x.reshape(len(x), self.heads, -1).transpose(1, 0, 2)

    def keys(self, layer, x, positions):
        """[heads, S, head_dim], rotated."""
        return rotated(self.split_heads(self.input_norm(layer, x) @ self.layer(layer, "self_attn.k_proj").T), positions)

    def queries(self, layer, x, positions):
        return rotated(self.split_heads(self.input_norm(layer, x) @ self.layer(layer, "self_attn.q_proj").T), positions)

    def values(self, layer, x):
        return self.split_heads(self.input_norm(layer, x) @ self.layer(layer, "self_attn.v_proj").T)

    def attention(self, layer, x, positions, rows):
        """Eager: [heads, rows, S], causal, soft-maxed over the whole context."""
        q, k = self.queries(layer, x, positions)[:, rows], self.keys(layer, x, positions)
        logits = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
        logits[:, np.asarray(rows)[:, None] < np.arange(len(x))[None]] = -np.inf
        weights = np.exp(logits - logits.max(-1, keepdims=True))
        return weights / weights.sum(-1, keepdims=True)

    def forward(self, layer, x, positions):
        """What leaves `layer`."""
        a = self.attention(layer, x, positions, np.arange(len(x))) @ self.values(layer, x)
        x = x + a.transpose(1, 0, 2).reshape(len(x), -1) @ self.layer(layer, "self_attn.o_proj").T
        h = self.norm(x, f"model.layers.{layer}.post_attention_layernorm.weight")
        gate, up = h @ self.layer(layer, "mlp.gate_proj").T, h @ self.layer(layer, "mlp.up_proj").T
        return x + (gate / (1 + np.exp(-gate)) * up) @ self.layer(layer, "mlp.down_proj").T


def rotated(x, positions, base=10000.0):
    """Dimension j is paired with j + half: [heads, S, dim]."""
    half = x.shape[-1] // 2
    angle = np.asarray(positions, np.float64)[:, None] * base ** (-np.arange(half) / half)
    cos, sin = np.cos(angle), np.sin(angle)
    low, high = x[..., :half], x[..., half:]
    return np.concatenate([low * cos - high * sin, high * cos + low * sin], axis=-1)


def chosen(indices, rows):
    """W of a selection."""
    weights = np.zeros((len(indices), rows))
    weights[np.arange(len(indices)), indices] = 1
    return weights


def top(scores, count):
    """The best in ascending order."""
    return np.sort(best(scores, count))


# ---- budgets -----------------------------------------------------------------------------------------------


def rounded(x):
    return int(np.floor(x + 0.5))


def single_prune(budget, mode, layer, patches=576, layers=32):
    """Tokens kept by one cut before `layer`; None where no count has that mean."""
    if mode == "afterprune":
        return budget
    kept = (layers * budget - patches * layer) / (layers - layer)
    return rounded(kept) if kept > 0 else None


# ---- methods ------------------------------------------------------------------------------------------------


def fastv(run, kept, layer=2):
    """The last row's attention in the layer before the cut, mean over heads."""
    states, positions = run.ran(layer - 1)
    score = run.attention(layer - 1, states, positions, [len(states) - 1])[:, 0].mean(0)
    visual = run.visual(layer)
    return {layer: chosen(top(score[visual], kept), len(visual))}


def vtw(run, layer):
    """Everything goes."""
    return {layer: np.zeros((0, len(run.visual(layer))))}


def pyramiddrop(run, cuts):
    """cuts {layer: kept}. The attention that the layer behind the cut would pay, from the last row."""
    plans = {}
    for layer, kept in cuts.items():
        states, positions = run.incoming(layer)
        score = run.attention(layer, states, positions, [len(states) - 1])[:, 0].mean(0)
        visual = run.visual(layer)
        plans[layer] = chosen(top(score[visual], kept), len(visual))
    return plans


def raters(run):
    """Text rows behind the image (counted from its end) that the image looks at more than at the average one. The
    weights are those of the input embeddings: soft-max over the text of plain products, mean over the image."""
    first = 1  # origins.0 describes layer 0
    visual, text = run.visual(first), run.after(first)
    embeds = run.states(0)
    products = embeds[visual] @ embeds[text].T
    value = np.array([softmax(row) for row in products]).mean(0)
    return np.flatnonzero(value > value.mean())


def rater_attention(run, layer, who):
    """[heads, raters, V] in the layer that has just run."""
    states, positions = run.ran(layer - 1)
    visual = run.visual(layer)
    rows = run.after(layer)[who]
    return run.attention(layer - 1, states, positions, rows)[:, :, visual]


def sparsevlm(run, cuts):
    """cuts {layer: kept}; of what goes, the best third is merged into clusters behind what stays."""
    plans, who = {}, raters(run)
    for layer, kept in cuts.items():
        score = rater_attention(run, layer, who).mean(0).mean(0)
        visual = run.visual(layer)
        kept = min(kept, len(visual) - 1)
        ranking = order(score, True)
        stays, goes = np.sort(ranking[:kept]), ranking[kept:]
        recycled = goes[: int(np.floor(0.3 * len(goes))) + 1]
        clusters = len(recycled) // 10 + 1
        states = run.before(layer)[visual]
        plans[layer] = np.vstack([chosen(stays, len(visual)),
                                  merged(states, np.sort(recycled), clusters, len(visual))])  # fmt: skip
    return plans


def merged(states, members, clusters, rows):
    """Rows of plain means of the clusters, in the order of their centres' rank."""
    centres, nearest = density_peaks(states[members], clusters)
    weights = np.zeros((clusters, rows))
    for place in range(clusters):
        mine = members[nearest == place]
        weights[place, mine] = 1 / len(mine)
    return weights


def density_peaks(x, clusters):
    """(centres by rank, cluster of every row). Density: the squared distances to the nearest `clusters` rows, the row
    itself among them; a centre is dense and far from anything denser. With two clusters every pair of mutual nearest
    rows is equally dense: the released code breaks such ties by noise, here the first one is the denser."""
    x = np.asarray(x, np.float64)
    distance = np.linalg.norm(x[:, None] - x[None], axis=-1) / np.sqrt(x.shape[1])  # exactly symmetric
    density = np.exp(-(np.sort(distance, axis=1)[:, :clusters] ** 2).mean(1))
    far = np.empty(len(x))
    for i in range(len(x)):
        denser = (density > density[i]) | ((density == density[i]) & (np.arange(len(x)) < i))
        far[i] = distance[i, denser].min() if denser.any() else distance.max()
    centres = best(density * far, clusters)
    nearest = distance[:, centres].argmin(1)
    nearest[centres] = np.arange(clusters)
    return centres, nearest


def sparsevlm_plus(run, cuts, heads=14):
    """As sparsevlm by the heads that look at the image most, attention freed of the bias of the positions; nothing is
    merged. Of 32 heads 14 count. At the true width the bias stays above a tenth of its largest value over any prompt;
    in narrow heads it turns negative, where dividing would rank the most attended tokens last, so it has a floor."""
    plans, who = {}, raters(run)
    for layer, kept in cuts.items():
        weights = rater_attention(run, layer, who)
        positions = run.tensors[f"positions.{layer - 1}"]
        ones = np.ones((1, len(positions), run.head_dim))
        turned = rotated(ones, positions)[0]
        rows, visual = run.after(layer)[who], run.visual(layer)
        bias = turned[rows] @ turned[visual].T / np.sqrt(run.head_dim)
        weights = weights / np.maximum(bias, 1e-3 * np.sqrt(run.head_dim))
        loud = np.sort(best(weights.sum((1, 2)), min(heads, len(weights))))
        score = weights[loud].mean(0).mean(0)
        plans[layer] = chosen(top(score, min(kept, len(visual) - 1)), len(visual))
    return plans


def dart(run, budget, layer=2, pivots=4, exact=False):
    """Visual tokens unlike a few loud ones. Keys of the layer that has just run, states behind it."""
    visual, text = run.visual(layer), run.after(layer)
    states, positions = run.ran(layer - 1)
    keys = run.keys(layer - 1, states, positions).transpose(1, 0, 2).reshape(len(states), -1)
    loud = np.abs(keys).sum(1)
    of_image, of_text = np.sort(best(loud[visual], pivots)), np.sort(best(loud[text], pivots))
    normed = unit(run.final_norm(run.before(layer)))
    taken = [int(i) for i in of_image]
    each = budget // (2 * pivots)
    for pivot in [*visual[of_image], *text[of_text]]:
        free = np.array([i for i in range(len(visual)) if i not in set(taken)])
        near = normed[visual[free]] @ normed[pivot]
        taken += [int(i) for i in free[best(near, each, False)]]
    if exact:
        taken = taken[:budget]
    return {layer: chosen(sorted(taken), len(visual))}


# ---- Nüwa ---------------------------------------------------------------------------------------------------


def nuwa_counts(budget):
    """(candidates per cell, kept before the language model, kept from its middle on); the mean is the budget."""
    return {64: (1, 112, 16), 128: (2, 224, 32), 192: (3, 336, 48)}[budget]


def nuwa_survivors(attention, budget, grid=24):
    """The best of every 2 x 2 cell by CLS attention, of those the best by CLS attention; raster order."""
    score = np.asarray(attention, np.float64).sum(0)
    candidates = []
    each, count, _ = nuwa_counts(budget)
    for row in range(0, grid, 2):
        for col in range(0, grid, 2):
            cell = np.array([row * grid + col, row * grid + col + 1, (row + 1) * grid + col, (row + 1) * grid + col + 1])
            candidates += [int(i) for i in cell[best(score[cell], each)]]
    candidates = np.sort(candidates)
    return candidates[top(score[candidates], count)]


def nuwa_rows(attention, hidden, budget, grid=24):
    """W over CLS and patches. `hidden`: E_16 … E_24."""
    score = np.asarray(attention, np.float64).sum(0)
    kept = nuwa_survivors(attention, budget, grid)
    mean = np.mean([np.asarray(h, np.float64)[1:] for h in hidden], axis=0)
    alike = np.maximum(cosines(mean, mean)[kept], 0)
    place = np.stack(np.divmod(np.arange(grid * grid), grid), axis=1)
    distance = np.linalg.norm(place[kept][:, None] - place[None], axis=-1)
    weights = alike * np.maximum(0, 1 - distance / np.sqrt(280))
    weights /= weights.sum(1, keepdims=True) + 1e-8
    pillars = score[kept] >= np.percentile(score[kept], 55)
    weights[pillars] = 0
    weights[np.arange(len(kept)), kept] = 1
    return np.hstack([np.zeros((len(kept), 1)), weights])


def nuwa_cut(run, budget, layer=16):
    """The last row's attention once more."""
    return fastv(run, nuwa_counts(budget)[2], layer)


# ---- HoloV (before the language model) ------------------------------------------------------------------------


def holov(attention, projected, budget):
    """Contiguous parts of the raster sequence, each with its share of the budget; inside a part by attention."""
    a = np.asarray(attention, np.float64).mean(0)
    patches = len(a)
    parts = np.array_split(np.arange(patches), max(1, int(1024 * (patches / 576) / budget)))
    weight = []
    for part in parts:
        s = cosines(np.asarray(projected)[part], np.asarray(projected)[part])
        np.fill_diagonal(s, 0)
        n = len(part)
        mean = s.sum(1) / (n - 1)
        var = ((s - mean[:, None]) ** 2).sum(1) / (n - 1)
        loud = 1000 * a[part]
        var = var * np.abs(loud).mean() / (np.abs(var).mean() + 1e-6)
        weight.append((loud + 0.09 * var).mean())
    share = np.array(weight) / np.sum(weight)
    count = np.floor(share * budget).astype(int)
    for heavy in order(share, True)[: budget - count.sum()]:
        count[heavy] += 1
    return parts, count, a
