"""Scenes and expressions of the pocket data sets."""

import numpy as np
import pytest
from model.pocket import expressions, scenes

SEEDS = range(700_000_000, 700_000_040)


@pytest.fixture(scope="module")
def drawn():
    return [scenes.make_scene(seed) for seed in SEEDS]


def test_a_scene_is_a_function_of_its_seed(drawn):
    again = scenes.make_scene(SEEDS[0])
    assert again.shapes == drawn[0].shapes
    assert np.array_equal(again.image, drawn[0].image)
    assert drawn[0].shapes != drawn[1].shapes


def test_shapes_hardly_overlap_and_all_lie_in_the_central_square(drawn):
    for scene in drawn:
        masks = np.array([scene.mask(k) for k in range(len(scene.shapes))])
        shared = masks & (masks.sum(0) > 1)
        assert (shared.sum((1, 2)) < 0.05 * masks.sum((1, 2))).all()
        height, width = scene.size
        side = min(height, width)
        left, top = (width - side) // 2, (height - side) // 2
        inside = masks[:, top:top + side, left:left + side]
        assert (inside.sum((1, 2)) == masks.sum((1, 2))).all()
        assert (masks.sum((1, 2)) > 100).all()


def test_a_shape_shows_its_colour_where_its_mask_is(drawn):
    for scene in drawn:
        for k, shape in enumerate(scene.shapes):
            if shape.texture == "plain":
                seen = scene.image[scene.mask(k)].mean(0)
                nearest = min(scenes.COLORS, key=lambda name: np.abs(seen - scenes.COLORS[name]).sum())
                assert nearest == shape.color


def words_hold(text, shape):
    """Attribute words of a sentence against a shape, read by a rule of its own."""
    words = text.split()
    return all(getattr(shape, kind) in words or not set(words) & set(names)
               for kind, names in (("color", scenes.COLORS), ("size", scenes.SIZES)))


@pytest.mark.parametrize("style", ["located", "plain", "long"])
def test_an_expression_holds_for_its_shape_alone(drawn, style):
    rng, told = np.random.default_rng(1), 0
    for scene in drawn:
        for index, shape in enumerate(scene.shapes):
            found = expressions.express(rng, scene.shapes, index, style)
            if found is None:
                continue
            told += 1
            fitting = [s for s in scene.shapes if words_hold(found.text, s)]
            assert shape in fitting
            if found.by_place:
                extreme = {"left": min(fitting, key=lambda s: s.u), "right": max(fitting, key=lambda s: s.u),
                           "top": min(fitting, key=lambda s: s.v), "bottom": max(fitting, key=lambda s: s.v)}
                place = next(p for p in extreme if p in found.text.replace("most", "").split())
                assert extreme[place] == shape
            else:
                assert fitting == [shape]
    assert told > 40


def test_no_word_of_place_is_in_a_plain_expression(drawn):
    rng = np.random.default_rng(2)
    texts = [expressions.express(rng, scene.shapes, 0, "plain") for scene in drawn]
    words = {word for found in texts if found for word in found.text.split()}
    assert words
    assert not words & {"left", "right", "top", "bottom", "leftmost", "rightmost"}


def test_long_expressions_are_longer():
    rng = np.random.default_rng(3)
    shapes = [scenes.make_scene(seed).shapes for seed in SEEDS]
    lengths = {style: np.mean([len(found.text.split()) for s in shapes
                               if (found := expressions.express(rng, s, 0, style))]) for style in ("located", "long")}
    assert lengths["long"] > 1.8 * lengths["located"]
