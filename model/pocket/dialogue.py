"""The conversation that the reference has with the model: its questions, answers and prompt, word for word."""

SYSTEM = ("A chat between a curious human and an artificial intelligence assistant. "
          "The assistant gives helpful, detailed, and polite answers to the human's questions.")
BEGIN = "The <im_start><image><im_end> provides an overview of the picture.\n"

_POLITE = (
    "Can you segment the {} in this image?",
    "Please segment {} in this image.",
    "What is {} in this image? Please respond with segmentation mask.",
    "What is {} in this image? Please output segmentation mask.",
)
_FURTHER = (
    "Could you provide a segmentation mask for the {} in this image?",
    "Please identify and segment the {} in this image.",
    "Where is the {} in this picture? Please respond with a segmentation mask.",
    "Can you highlight the {} in this image with a segmentation mask?",
)
QUESTIONS = (*_POLITE, *(q[:-1] for q in _POLITE), *_FURTHER, *(q[:-1] for q in _FURTHER))
ANSWERS = ("It is [SEG].", "Sure, [SEG].", "Sure, it is [SEG].", "Sure, the segmentation result is [SEG].", "[SEG].")


def question(template: int, expression: str) -> str:
    return QUESTIONS[template].format(expression.strip().lower())


def compose(questions, answers) -> str:
    """The whole prompt with one <image> in its first turn."""
    turns = [f"USER: {'' if i else BEGIN}{q} ASSISTANT: {a}</s>" for i, (q, a) in enumerate(zip(questions, answers, strict=True))]
    return SYSTEM + " " + "".join(turns)
