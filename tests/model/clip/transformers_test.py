"""Both CLIP towers against the transformers library, on random checkpoints of shapes the reference data lacks."""

import os
import pathlib
import subprocess

import pytest
import safetensors.torch
import torch
from transformers import CLIPConfig, CLIPModel

PROBE = pathlib.Path(os.environ["LITEBENCH_BIN"]) / "tower_probe"
TOLERANCE = 2e-5  # relative to the largest magnitude, as for the reference data
TEXTS = [[96, 5, 17, 97], [96, 97], [96] + list(range(40, 60)) + [97]]
SHAPES = {
    "square": dict(vision=(32, 2, 2, 64, 56, 14), text=(24, 3, 4, 48), projection=16),
    "deep": dict(vision=(48, 4, 6, 80, 96, 16), text=(32, 2, 2, 64), projection=40),
}


def random_clip(shape):
    torch.manual_seed(7)
    vision = dict(zip(("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "image_size",
                       "patch_size"), shape["vision"]))
    text = dict(zip(("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"), shape["text"]))
    config = CLIPConfig(
        vision_config={**vision, "projection_dim": shape["projection"]},
        text_config={**text, "vocab_size": 98, "max_position_embeddings": 77, "bos_token_id": 96, "eos_token_id": 97,
                     "pad_token_id": 97, "projection_dim": shape["projection"]},
        projection_dim=shape["projection"], attn_implementation="eager")
    model = CLIPModel(config).eval()
    with torch.no_grad():  # the library's initial values are too small for any layer to matter
        for name, parameter in model.named_parameters():
            centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
            parameter.copy_(centre + 0.2 * torch.randn_like(parameter))
    return model


def expected(model, pixels):
    with torch.no_grad():
        vision = model.vision_model(pixels[None], output_hidden_states=True, output_attentions=True)
        result = {f"hidden.{l}": hidden[0] for l, hidden in enumerate(vision.hidden_states)}
        result |= {f"cls_attention.{e}": attention[0, :, 0, 1:] for e, attention in enumerate(vision.attentions)}
        selected = vision.hidden_states[-2][0, 1:]
        result["joint"] = model.visual_projection(model.vision_model.post_layernorm(selected))
        for n, ids in enumerate(TEXTS):
            pooled = model.text_model(torch.tensor([ids])).pooler_output
            result[f"text.{n}"] = model.text_projection(pooled)[0]
    return result


@pytest.mark.parametrize("name", SHAPES)
def test_every_hidden_state_and_embedding_equals_transformers(name, tmp_path):
    model = random_clip(SHAPES[name])
    model.save_pretrained(tmp_path / "clip")
    size = SHAPES[name]["vision"][4]
    inputs = {"pixels": torch.randn(3, size, size)}
    inputs |= {f"ids.{n}": torch.tensor(ids) for n, ids in enumerate(TEXTS)}
    safetensors.torch.save_file(inputs, tmp_path / "input.safetensors")
    subprocess.run([PROBE, tmp_path / "clip", tmp_path / "input.safetensors", tmp_path / "output.safetensors"],
                   check=True)
    seen = safetensors.torch.load_file(tmp_path / "output.safetensors")
    wanted = expected(model, inputs["pixels"])
    assert seen.keys() == wanted.keys()
    for key, value in wanted.items():
        error = (seen[key] - value).abs().max() / value.abs().max()
        assert error < TOLERANCE, (key, float(error))
