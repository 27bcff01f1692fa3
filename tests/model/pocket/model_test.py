"""The plain PyTorch model, part by part against transformers, and against itself where two paths must agree."""

import pytest
import torch
import transformers
from model.pocket import geometry
from model.pocket.model import Pocket, eager_forward, random_model

SMALL = geometry.pocket()


@pytest.fixture(scope="module")
def model():
    return random_model(SMALL, seed=1)


def close(a, b, tolerance=2e-5):
    assert a.shape == b.shape
    assert (a - b).abs().max() <= tolerance * b.abs().max()


@torch.no_grad()
def test_clip_towers_are_those_of_transformers(model):
    v, t = SMALL.vision, SMALL.text
    shared = {"hidden_act": "quick_gelu", "layer_norm_eps": v.eps, "projection_dim": v.projection}
    other = transformers.CLIPModel(transformers.CLIPConfig(
        projection_dim=v.projection,
        vision_config={"hidden_size": v.hidden, "num_hidden_layers": v.layers, "num_attention_heads": v.heads,
                       "intermediate_size": v.mlp, "image_size": v.image, "patch_size": v.patch, **shared},
        text_config={"hidden_size": t.hidden, "num_hidden_layers": t.layers, "num_attention_heads": t.heads,
                     "intermediate_size": t.mlp, "vocab_size": t.vocab, "eos_token_id": t.vocab - 1, **shared})).eval()
    missing = other.load_state_dict(model.clip.state_dict(), strict=False)
    assert not missing.unexpected_keys
    assert all("position_ids" in key for key in missing.missing_keys)
    pixels = torch.randn(2, 3, 336, 336, generator=torch.Generator().manual_seed(0))
    seen = other.vision_model(pixels, output_hidden_states=True)
    close(model.clip.penultimate(pixels), seen.hidden_states[-2])
    close(model.clip.image_embedding(seen.hidden_states[-2]), other.visual_projection(seen.pooler_output))
    ids = torch.randint(3, t.vocab - 2, (3, 12), generator=torch.Generator().manual_seed(0))
    ids[:, -1] = t.vocab - 1
    close(model.clip.text_embedding(ids), other.text_projection(other.text_model(ids).pooler_output))


@torch.no_grad()
def test_the_decoder_is_that_of_transformers(model):
    g = SMALL.llama
    other = transformers.LlamaModel(transformers.LlamaConfig(
        vocab_size=g.vocab, hidden_size=g.hidden, intermediate_size=g.mlp, num_hidden_layers=g.layers,
        num_attention_heads=g.heads, rms_norm_eps=g.rms_eps, max_position_embeddings=2048)).eval()
    own = {k: w for k, w in model.model.state_dict().items() if k.startswith(("embed_tokens", "layers", "norm"))}
    other.load_state_dict(own)
    ids = torch.randint(0, g.vocab, (2, 50), generator=torch.Generator().manual_seed(0))
    positions = torch.cat([torch.arange(20), torch.arange(30) * 7 + 25])[None].expand(2, -1)
    rows = torch.tensor([[10, 49], [0, 30]])
    wanted = other(ids, position_ids=positions).last_hidden_state
    states, _, attention = model.states(model.model.embed_tokens(ids), positions, rows)
    close(states, wanted[torch.arange(2)[:, None], rows])
    close(attention.sum(-1), torch.ones(2, g.heads, 2))


@torch.no_grad()
def test_sam_is_that_of_transformers(model):
    g = SMALL.sam
    other = transformers.SamVisionModel(transformers.SamVisionConfig(
        hidden_size=g.dim, output_channels=g.out, num_hidden_layers=g.depth, num_attention_heads=g.heads,
        image_size=g.image, patch_size=g.patch, window_size=g.window, global_attn_indexes=list(g.global_blocks),
        mlp_dim=g.mlp)).eval()
    names = {"patch_embed.proj": "patch_embed.projection", "blocks.": "layers.", "norm1": "layer_norm1",
             "norm2": "layer_norm2", "neck.0": "neck.conv1", "neck.1": "neck.layer_norm1", "neck.2": "neck.conv2",
             "neck.3": "neck.layer_norm2"}
    weights = {}
    for key, value in model.sam.image_encoder.state_dict().items():
        is_block = key.startswith("blocks.")
        for old, new in names.items():
            if old.startswith(("norm",)) and not is_block:
                continue
            key = key.replace(old, new)
        weights["vision_encoder." + key] = value
    other.load_state_dict(weights)
    pixels = torch.randn(1, 3, g.image, g.image, generator=torch.Generator().manual_seed(0))
    close(model.sam.encode(pixels), other(pixels).last_hidden_state, 1e-4)


@torch.no_grad()
def test_fused_attention_agrees_with_materialised_scores(model):
    fused = Pocket(SMALL, materialise=False).eval()
    fused.load_state_dict(model.state_dict())
    close(eager_forward(fused, 100), eager_forward(model, 100), 1e-4)


@torch.no_grad()
def test_rows_of_the_last_layer_are_rows_of_the_whole_layer(model):
    x = torch.randn(2, 40, SMALL.llama.hidden, generator=torch.Generator().manual_seed(0))
    angles, rows = model.angles(torch.arange(40)[None]), torch.tensor([[3, 39], [0, 17]])
    layer = model.model.layers[-1]
    close(layer.at_rows(x, angles, rows)[0], layer(x, angles)[torch.arange(2)[:, None], rows])


@torch.no_grad()
def test_kept_patches_see_each_other_alone(model):
    pixels = torch.randn(1, 3, 336, 336, generator=torch.Generator().manual_seed(0))
    keep = torch.arange(0, 576, 3)[None]
    changed = pixels.clone()
    changed[:, :, :14, 14:28] += 5  # patch 1, which is not kept
    close(model.clip.penultimate(changed, keep), model.clip.penultimate(pixels, keep))
    assert (model.clip.penultimate(changed) - model.clip.penultimate(pixels)).abs().max() > 1e-3


def test_the_forward_pass_depends_on_the_tokens_it_keeps(model):
    assert (eager_forward(model, 576) - eager_forward(model, 64)).abs().max() > 1e-4
    assert eager_forward(model, 64).shape == (1, 64, 64)


def test_named_geometries_have_the_sizes_of_the_harness():
    text = open("model/checkpoint/named_geometry.cpp").read()
    mid = geometry.mid()
    for value in (f".llama = {{.hidden = {mid.llama.hidden}, .layers = {mid.llama.layers}, .heads = {mid.llama.heads}, "
                  f".mlp = {mid.llama.mlp}, .vocab = {mid.llama.vocab}}}",
                  f".sam = {{.dim = {mid.sam.dim}, .depth = {mid.sam.depth}, .heads = {mid.sam.heads}, .mlp = {mid.sam.mlp}"):
        assert value in text
