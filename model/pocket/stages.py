"""The recipe. A model this small finds neither places nor words from masks alone, so the parts are taught in order:
SAM with points, CLIP with phrases, CLIP patch by patch, conversations with auxiliary read-outs, then with masks, and at
last with most patches dropped at random, without which every choice of tokens would read as a collapse.
"""

from dataclasses import dataclass

from . import losses


@dataclass(frozen=True)
class Stage:
    name: str
    steps: int
    objective: object
    rate: float                   # highest learning rate; 40 steps of warm-up, then a cosine to 3 %
    trains: tuple                 # prefixes of the parameters that learn
    turns: int = 4                # per picture: prompts, conversation turns or phrases
    masks: bool = False           # through SAM's decoder, from image embeddings computed once
    point: float = 1.0            # weight of "the prompt resembles SAM's embedding of the middle"
    help: float = 1.0             # weight of "the last layer looks at the referent" and "the state knows the place"
    words: float = 0.3            # weight of "states and patches know the words that hold for them"
    fade: float = 0.1             # what is left of these three at the end
    keep: tuple = (576,)          # budgets of patches, in turn; the same in all processes, which wait for each other
    drop_until: float = 0.9       # of the stage; after it every patch is kept
    shuffle: float = 0.0          # share of the steps whose patches stand in random order
    compact: float = 0.0          # share of the steps whose patches move together, as most published methods have it
    jitter: float = 0.0           # share of the other steps with warped, scaled or exchanged rotary positions
    long_share: float = 0.2       # of the expressions that are whole sentences


PICTURES = 16  # per step, over all ranks
_TALKS = ("model.", "clip.", "heads.")
# No stage sees fewer than 192 patches: 128 and 64 are to this model what every budget is to a published one.
_FEW = (288, 192)  # a third of the patches costs a third of the time and teaches where things are just as well
_SOME = (576, 288, 192, 192)

STAGES = (
    Stage("points", 800, losses.segment, 1e-3, ("model.grounding_encoder.",)),
    Stage("phrases", 390, losses.describe, 1e-3, ("clip.", "heads."), turns=2),
    Stage("patches", 340, losses.recognise, 1e-3, ("clip.", "heads.")),
    Stage("places", 850, losses.refer, 1e-3, _TALKS, keep=_FEW, drop_until=1.0),
    Stage("masks", 500, losses.refer, 1e-3, _TALKS, masks=True, help=0.6, keep=_SOME),
    Stage("drop", 2000, losses.refer, 8e-4, _TALKS, masks=True, point=0.3, help=0.3, fade=0.0, keep=_SOME, drop_until=0.93,
          shuffle=0.25, compact=0.4, jitter=0.25),
    # Once more without the auxiliary losses for place and gaze, half of it on all patches.
    Stage("settle", 400, losses.refer, 4e-4, _TALKS, masks=True, point=0.0, help=0.0, words=0.1, fade=0.0,
          keep=(576, 288, 576, 192), shuffle=0.25, compact=0.4, jitter=0.25),
)


def rate_factor(name: str) -> float:
    """Share of a stage's rate at which a parameter learns in conversations; 0 for SAM's encoder, which is done."""
    if name.startswith("clip."):
        return 0.5
    if name.startswith("model.grounding_encoder.mask_decoder."):
        return 0.2
    return 0.0 if name.startswith("model.grounding_encoder.") else 1.0
