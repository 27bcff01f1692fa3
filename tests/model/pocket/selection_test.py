"""Selections by hand-made scores: what is kept, in which order, and how ties fall."""

import numpy as np
import torch
from model.pocket import selection
from model.pocket.clip import Features
from model.pocket.wrong_question import auc


def features(similarity, context):
    """Patches whose similarity to text q is similarity[q] and whose context score rises with `context`."""
    projected = torch.tensor(np.array(similarity)).float().T[None]
    values = torch.tensor(context).float()[None, :, None].expand(-1, -1, 4)
    same = torch.ones(1, 576, 4)
    return Features(same, projected, torch.ones(1, 4), same, values), torch.eye(len(similarity))


def test_litelvlm_with_one_text_keeps_the_least_similar_in_raster_order():
    view, texts = features([np.arange(576)[::-1].copy()], np.ones(576))
    assert selection.litelvlm(view, texts, 5).tolist() == [571, 572, 573, 574, 575]


def test_litelvlm_with_two_texts_puts_context_patches_best_first_before_the_union():
    ascending = np.arange(576.0)
    view, texts = features([ascending, ascending], ascending + 1)
    # both texts choose patches 0 and 1; two context patches fill up, best first
    assert selection.litelvlm(view, texts, 4).tolist() == [575, 574, 0, 1]


def test_equal_scores_fall_to_the_lower_index():
    assert selection.best(torch.zeros(9), 3, True).tolist() == [0, 1, 2]
    assert selection.best(torch.zeros(9), 3, False).tolist() == [0, 1, 2]


def test_a_uniform_grid_of_64_is_8_by_8_at_cell_centres():
    centres = [1, 4, 7, 10, 13, 16, 19, 22]
    assert selection.uniform(64).tolist() == [24 * y + x for y in centres for x in centres]


def test_original_positions_leave_gaps_where_patches_are_missing():
    found = selection.original_positions(torch.tensor([5, 2]), 3, 6)
    assert found.tolist() == [[0, 1, 2, 8, 5, 579, 580, 581]]


def test_auc_counts_ties_half_and_needs_both_sides():
    scores = np.array([3.0, 1.0, 1.0, 0.0])
    positive = np.array([True, True, False, False])
    assert auc(scores, positive, ~positive) == (2 + 0.5 + 1) / 4
    assert np.isnan(auc(scores, positive & False, ~positive))
