"""The prefill against transformers' LlamaForCausalLM with random weights: every hidden state, with gaps in the positions."""
import json
import os
import subprocess

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

TOLERANCE = 2e-5  # relative to the largest magnitude of a layer's states, fp32 against fp32


def random_model(heads, layers):
    torch.manual_seed(3)
    config = LlamaConfig(hidden_size=32 * heads, intermediate_size=88 * heads, num_hidden_layers=layers,
                         num_attention_heads=heads, num_key_value_heads=heads, vocab_size=50, rms_norm_eps=1e-5,
                         rope_theta=10000.0, max_position_embeddings=2048, attn_implementation="eager",
                         initializer_range=0.2)
    model = LlamaForCausalLM(config).float().eval()
    with torch.no_grad():  # norms are ones by default, which would hide a missing weight
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.uniform_(0.5, 1.5)
    return model


def write_case(folder, model, embeds, before, after, patches):
    tensors = [(n, p) for n, p in model.state_dict().items() if "inv_freq" not in n]
    config = model.config
    meta = {"hidden": config.hidden_size, "layers": config.num_hidden_layers, "heads": config.num_attention_heads,
            "mlp": config.intermediate_size, "vocab": config.vocab_size, "rms_eps": config.rms_norm_eps,
            "tensors": [{"name": n, "shape": list(p.shape)} for n, p in tensors],
            "before": before, "after": after, "patches": patches}
    (folder / "meta.json").write_text(json.dumps(meta))
    np.concatenate([p.detach().numpy().ravel() for _, p in tensors]).astype("<f4").tofile(folder / "weights.f32")
    embeds.numpy().astype("<f4").tofile(folder / "embeds.f32")


@pytest.mark.parametrize("heads,layers,before,after,patches", [
    (4, 3, 36, 40, list(range(0, 576, 9))),
    (2, 2, 5, 7, [575, 3, 290, 12]),
    (1, 1, 1, 1, list(range(576))),
])
def test_hidden_states_equal_those_of_transformers(tmp_path, heads, layers, before, after, patches):
    model = random_model(heads, layers)
    rows = before + len(patches) + after
    embeds = torch.randn(rows, model.config.hidden_size, generator=torch.Generator().manual_seed(5))
    positions = [*range(before), *[before + p for p in patches], *range(before + 576, before + 576 + after)]
    write_case(tmp_path, model, embeds, before, after, patches)
    program = os.path.join(os.environ["LITEBENCH_BIN"], "prefill_raw")
    subprocess.run([program, str(tmp_path)], check=True, timeout=120)
    actual = np.fromfile(tmp_path / "hidden.f32", dtype="<f4").reshape(layers + 1, rows, -1)

    # An explicit mask: rows are causal by place, not by position id.
    causal = torch.full((rows, rows), torch.finfo(torch.float32).min).triu(1)[None, None]
    with torch.no_grad():
        out = model(inputs_embeds=embeds[None], position_ids=torch.tensor(positions)[None], attention_mask=causal,
                    output_hidden_states=True, use_cache=False)
    for layer, expected in enumerate(out.hidden_states):
        expected = expected[0].numpy()
        assert np.abs(actual[layer] - expected).max() <= TOLERANCE * np.abs(expected).max(), layer
