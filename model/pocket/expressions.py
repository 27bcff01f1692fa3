"""Referring expressions that hold for exactly one shape of a scene.

Three styles, after the three data sets: `located` (RefCOCO: attributes or a place among the shapes that match),
`plain` (RefCOCO+: no words of place) and `long` (RefCOCOg: whole sentences). What makes an expression unique is colour,
size and place; outline and texture come in as truthful ornament.
"""

from dataclasses import dataclass

STYLES = {"refcoco": "located", "refcoco+": "plain", "refcocog": "long"}
PLACES = ("left", "right", "top", "bottom")

_ATTRIBUTES = ("size", "color")
_ATTRIBUTE_ODDS = (0.35, 0.8)
_GAP = 0.06  # of the square's side: what has to lie between the referent and its rivals
_TRIES = 12

_LONG_PLAIN = ("the {} among the other objects", "a {} that is the only one of its kind",
               "the only {} that can be seen here")
_SIDEWAYS = ("{place} {}", "{} on the {place}", "{place}most {}")
_UPRIGHT = ("{place} {}", "{} at the {place}", "{} in the {place}")
_LONG_SIDEWAYS = ("the {} that is on the {place} side of the picture",
                  "a {} which is farther to the {place} than the others")
_LONG_UPRIGHT = ("the {} that is near the {place} of the picture",
                 "a {} which is closer to the {place} than the others")


@dataclass(frozen=True)
class Expression:
    text: str
    by_place: bool


def phrase(attributes: dict) -> str:
    words = [attributes[k] for k in ("size", "texture", "color") if k in attributes]
    return " ".join([*words, attributes.get("shape", "object")])


def matches(shape, attributes: dict) -> bool:
    return all(getattr(shape, key) == value for key, value in attributes.items())


def places_of(target, rivals) -> list:
    """Where the target lies beyond every rival."""
    return [place for place, beyond in (
        ("left", all(target.u < r.u - _GAP for r in rivals)),
        ("right", all(target.u > r.u + _GAP for r in rivals)),
        ("top", all(target.v < r.v - _GAP for r in rivals)),
        ("bottom", all(target.v > r.v + _GAP for r in rivals)),
    ) if beyond]


def _pick(rng, options):
    return options[rng.integers(len(options))]


def _located(rng, words: str, place: str, long: bool) -> str:
    if place in ("left", "right"):
        form = _pick(rng, _LONG_SIDEWAYS if long else _SIDEWAYS)
    else:
        form = _pick(rng, _LONG_UPRIGHT if long else _UPRIGHT)
    return form.format(words, place=place)


def _attempt(rng, shapes, target, by_place: bool, long: bool):
    picked = {key: getattr(target, key) for key, odds in zip(_ATTRIBUTES, _ATTRIBUTE_ODDS, strict=True)
              if rng.random() < odds}
    rivals = [s for s in shapes if s is not target and matches(s, picked)]
    shown = dict(picked)
    if rng.random() < 0.5:
        shown["shape"] = target.shape
    if rng.random() < 0.12:
        shown["texture"] = target.texture
    words = phrase(shown)
    if by_place:
        places = places_of(target, rivals) if rivals else []
        return _located(rng, words, _pick(rng, places), long) if places else None
    if not picked or rivals:
        return None
    return _pick(rng, _LONG_PLAIN).format(words) if long else words


def express(rng, shapes, index: int, style: str = "located"):
    """An Expression that holds for shapes[index] alone, or None where none was found."""
    kinds = [False] if style == "plain" else [bool(k) for k in rng.permutation([0, 0, 1, 1])]
    for by_place in kinds:
        for _ in range(_TRIES):
            text = _attempt(rng, shapes, shapes[index], by_place, style == "long")
            if text is not None:
                return Expression(text, by_place)
    return None
