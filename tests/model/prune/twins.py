"""The pruning methods before the language model once more, in NumPy and float64, written from the formulas of
the papers' method cards and from nothing else. They share no code and no author's habits with model/prune, so
that an agreement of the two says something.

Words and shapes, for P patches on a square grid:
  joint     [P, J]      u_i, patches in CLIP's joint space
  texts     [Q, J]      t_m, one row per text
  hidden    [1 + P, D]  z, the features that are pruned; row 0 is CLS, patch i is row 1 + i
  attention [H, P]      CLS row of the layer that made z, soft-maxed over 1 + P
  q, k, v   [1 + P, D]  projections of an encoder layer with bias, before scaling and head split
  projected [P, E]      p_i
  budget    N           emitted tokens
A selecting method gives a list of patch indices, a merging one a matrix W [N, 1 + P] over the rows of `hidden`;
both in emitted order. Equal scores go to the lower index.
"""

import numpy as np


def order(scores, largest):
    """All indices, best first."""
    scores = np.asarray(scores, np.float64)
    return np.argsort(-scores if largest else scores, kind="stable")


def best(scores, count, largest=True):
    return order(scores, largest)[:count]


def raster(indices):
    return sorted(int(i) for i in indices)


def unit(x):
    """Rows of length 1."""
    x = np.asarray(x, np.float64)
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)


def cosines(x, y):
    """Every row of x with every row of y. Rounded, so that vectors that are equal in exact arithmetic tie."""
    return np.round(unit(x) @ unit(y).T, 12)


def softmax(logits):
    weights = np.exp(logits - np.max(logits))
    return weights / weights.sum()


# ---- scores ----------------------------------------------------------------------------------------------


def similarity(joint, texts, cosine=False):
    """s[m, i] = t_m · u_i; neither side is normalised unless asked for."""
    joint, texts = np.asarray(joint, np.float64), np.asarray(texts, np.float64)
    return cosines(texts, joint) if cosine else texts @ joint.T


def context_score(q, k, v, cosine=True):
    """c_i = softmax over patches of (q_cls · k_i / √D) times ‖v_i‖; the released code takes cos(q_cls, k_i)."""
    q, k, v = (np.asarray(x, np.float64) for x in (q, k, v))
    logits = cosines(q[:1], k[1:])[0] if cosine else k[1:] @ q[0]
    return softmax(logits / np.sqrt(q.shape[1])) * np.linalg.norm(v[1:], axis=1)


def cls_score(attention):
    return np.asarray(attention, np.float64).mean(axis=0)


# ---- plain selections ------------------------------------------------------------------------------------


def cls_topk(attention, budget):
    return raster(best(cls_score(attention), budget))


def cls_bottomk(attention, budget):
    return raster(best(cls_score(attention), budget, largest=False))


def value_norm(v, budget):
    return raster(best(np.linalg.norm(np.asarray(v, np.float64)[1:], axis=1), budget))


def sim(joint, texts, budget, largest, aggregate="mean", cosine=False):
    """sim_high (largest) and sim_low. `union`: ⌊N/Q⌋ of every text, filled up by the mean."""
    s = similarity(joint, texts, cosine)
    if aggregate == "mean":
        chosen = best(s.mean(axis=0), budget, largest)
    elif aggregate == "max":
        chosen = best(s.max(axis=0), budget, largest)
    else:
        share = budget // len(s)
        chosen = set().union(*(set(best(row, share, largest)) for row in s))
        fill = [i for i in order(s.mean(axis=0), largest) if i not in chosen]
        chosen = list(chosen) + fill[: budget - len(chosen)]
    return raster(chosen)


def context_only(q, k, v, budget):
    """In the order of the score."""
    return [int(i) for i in best(context_score(q, k, v), budget)]


def litelvlm(joint, texts, q, k, v, budget, variant="code"):
    """Tokens far from the texts, then context: emitted as [context by score | the far ones in raster order].

    code: union over texts of the ⌊N/Q⌋ least similar. paper: intersection of the N least similar of each text,
    and for one text its N/2 least similar.
    """
    s = similarity(joint, texts)
    if variant == "code":
        far = set().union(*(set(best(row, budget // len(s), False)) for row in s))
    elif len(s) == 1:
        far = set(best(s[0], budget // 2, False))
    else:
        far = set.intersection(*(set(best(row, budget, False)) for row in s))
    ranking = order(context_score(q, k, v, cosine=variant == "code"), True)
    context = [int(i) for i in ranking if i not in far]
    return context[: budget - len(far)] + raster(far)


# ---- grids -----------------------------------------------------------------------------------------------


def uniform1d(patches, budget, phase="center"):
    if phase == "zero":
        return [j * (patches // budget) for j in range(budget)]
    return [(2 * j + 1) * patches // (2 * budget) for j in range(budget)]


def split(grid, budget):
    """(rows, columns) with rows · columns = N, both within the grid and as equal as can be. The cards leave the
    sides of an uneven split to the image; here it is wide (192 -> 12 x 16), as most photographs are. None if
    there is no such split."""
    fits = [(budget // c, c) for c in range(1, grid + 1) if budget % c == 0 and budget // c <= c]
    return min(fits, key=lambda cells: cells[1] - cells[0]) if fits else None


def uniform(grid, budget):
    """Centres of a grid of cells; one dimension where the budget has no such grid."""
    cells = split(grid, budget)
    if cells is None:
        return uniform1d(grid * grid, budget)
    rows, cols = ([int(np.floor((i + 0.5) * grid / n)) for i in range(n)] for n in cells)
    return [r * grid + c for r in rows for c in cols]


def avgpool(grid, budget):
    """(W, centroids): adaptive average pooling to the same cells; None where there are none."""
    cells = split(grid, budget)
    if cells is None:
        return None
    windows = [[range(i * grid // n, -(-(i + 1) * grid // n)) for i in range(n)] for n in cells]
    rows, centroids = [], []
    for down in windows[0]:
        for across in windows[1]:
            members = [r * grid + c for r in down for c in across]
            rows.append(mean_row(members, grid * grid))
            centroids.append(np.mean(members))
    return np.array(rows), np.array(centroids)


# ---- diversity -------------------------------------------------------------------------------------------


def vispruner(attention, hidden, budget, ratio=0.5, step=8):
    """(important by rank, diverse in list order); the method emits their union in raster order."""
    important = int(np.floor(budget * ratio))
    ranking = [int(i) for i in order(cls_score(attention), True)]
    gram = cosines(np.asarray(hidden)[1:], np.asarray(hidden)[1:])
    rest, wanted = ranking[important:], budget - important
    while len(rest) > wanted:
        even, odd = rest[0::2], rest[1::2]
        nearest = gram[np.ix_(even, odd)].max(axis=1)
        delete = min(step, len(rest) - wanted, len(even))
        # Descending similarity is both who is deleted and how the survivors are listed.
        by_similarity = [even[i] for i in order(nearest, True)]
        rest = by_similarity[delete:] + odd
    return ranking[:important], rest


def divprune(projected, budget):
    """In the order of picking: the token farthest from its nearest other, then max-min distance."""
    distance = 1 - cosines(projected, projected)
    others = distance + np.diag(np.full(len(distance), np.inf))
    picks = [int(np.argmax(others.min(axis=0)))]
    while len(picks) < budget:
        nearest = distance[picks].min(axis=0)
        nearest[picks] = -np.inf
        picks.append(int(np.argmax(nearest)))
    return picks


def relevance(joint, texts):
    """Least similar is most relevant, min-max scaled."""
    score = -similarity(joint, texts, cosine=True).mean(axis=0)
    return (score - score.min() + 1e-6) / (score.max() - score.min())


def cdpruner(projected, joint, texts, budget):
    """In the order of picking: greedy maximum of det(K), K = diag(r) · cosines · diag(r). By definition rather
    than by an incremental factor: the gain of a candidate is its Schur complement over what was picked."""
    r = relevance(joint, texts)
    kernel = unit(projected) @ unit(projected).T * r[:, None] * r[None, :]
    picks = []
    for _ in range(budget):
        gain = np.diag(kernel).copy()
        if picks:
            across = kernel[picks]
            gain -= np.einsum("pi,pi->i", across, np.linalg.solve(kernel[np.ix_(picks, picks)], across))
        gain[picks] = -np.inf
        picks.append(int(np.argmax(np.round(gain, 12))))
    return picks


# ---- merging: W over CLS and the patches -------------------------------------------------------------------


def one_row(patch, patches):
    row = np.zeros(1 + patches)
    row[1 + patch] = 1
    return row


def mean_row(members, patches):
    row = np.zeros(1 + patches)
    row[1 + np.asarray(members, int)] = 1 / len(members)
    return row


def trim(joint, texts, budget, sign, aggregate="mean"):
    """N − 1 selected patches in raster order, then the plain mean of all others."""
    patches = len(joint)
    kept = sim(joint, texts, budget - 1, sign == "high", aggregate)
    rest = [i for i in range(patches) if i not in set(kept)]
    return np.array([one_row(i, patches) for i in kept] + [mean_row(rest, patches)])


def visionzip_split(budget):
    """(dominant with CLS, contextual): 192 = 162 + 30, 128 = 108 + 20, 64 = 54 + 10, 32 = 27 + 5."""
    contextual = int(np.floor(budget * 10 / 64 + 0.5))
    return budget - contextual, contextual


def head_mean(k, heads):
    """Metric of VisionZip: the mean over heads of the key vectors."""
    k = np.asarray(k, np.float64)
    return k.reshape(len(k), heads, -1).mean(axis=1)


def visionzip(attention, metric, dominant, contextual):
    """CLS, dominant patches in raster order, contextual ones in raster order. metric [1 + P, M]."""
    patches = len(metric) - 1
    kept = cls_topk(attention, dominant - 1)
    rest = [i for i in range(patches) if i not in set(kept)]
    stride = max(1, len(rest) // contextual)
    targets = rest[::stride][:contextual]
    members = {t: [] for t in targets}
    near = cosines(np.asarray(metric)[1:], np.asarray(metric)[1:])
    for i in rest:
        if i not in members:
            members[targets[int(np.argmax(near[i, targets]))]].append(i)
    cls = np.zeros(1 + patches)
    cls[0] = 1
    merged = [one_row(t, patches) + (mean_row(m, patches) if m else 0) for t, m in members.items()]
    return np.array([cls] + [one_row(i, patches) for i in kept] + merged)


def prumerge_weights(q, k):
    """Attention of CLS over all 1 + P tokens as one head of all dimensions; its patch entries."""
    q, k = np.asarray(q, np.float64), np.asarray(k, np.float64)
    return softmax(k @ q[0] / np.sqrt(q.shape[1]))[1:]


def prumerge_kept(w, budget, plus=False):
    """N − 1 patches of most attention by rank; in plus a quarter of them, then evenly spaced others."""
    if not plus:
        return [int(i) for i in best(w, budget - 1)]
    kept = [int(i) for i in best(w, (budget - 1) // 4)]
    rest = [i for i in range(len(w)) if i not in set(kept)]
    return kept + [rest[j] for j in uniform1d(len(rest), budget - 1 - len(kept))]


def prumerge(w, k, kept, neighbours=32):
    """z_i + Σ w_j z_j over the nearest keys of each kept patch i, then Σ w_j z_j over what was not kept."""
    patches = len(w)
    near = cosines(np.asarray(k)[1:], np.asarray(k)[1:])
    rest = [i for i in range(patches) if i not in set(kept)]
    rows = []
    for place, i in enumerate(kept):
        others = np.array(kept[:place] + kept[place + 1 :] + rest)  # the list order decides equal cosines
        row = one_row(i, patches)
        chosen = others[best(near[i, others], neighbours)]
        row[1 + chosen] = w[chosen]
        rows.append(row)
    extra = np.zeros(1 + patches)
    extra[1 + np.array(rest)] = w[rest]
    return np.array(rows + [extra])
