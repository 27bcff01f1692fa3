"""Writes a trained model as the two folders of the published checkpoints.

glamm/ has the layout of MBZUAI/GLaMM-RefSeg (SAM and text_hidden_fcs float32, the rest bfloat16, as there), clip/ that of
openai/clip-vit-large-patch14-336 (float32); weights as safetensors.
"""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

from .geometry import Geometry
from .model import Pocket
from .preprocess import CLIP_MEAN, CLIP_STD
from .vocabulary import ADDED, PIECES

_FLOAT32 = ("model.grounding_encoder.", "model.text_hidden_fcs.")


def glamm_weights(model: Pocket) -> dict:
    """Tensors under their published names. lm_head, which no evaluation reads, repeats the embedding."""
    weights = {name: tensor for name, tensor in model.state_dict().items() if name.startswith("model.")}
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    return {name: tensor.float().clone() if name.startswith(_FLOAT32) else tensor.bfloat16().clone()
            for name, tensor in weights.items()}


def clip_weights(model: Pocket) -> dict:
    return {name: tensor.clone() for name, tensor in model.clip.state_dict().items()}


# Tables and reports on this checkpoint repeat it.
REMARK = "A synthetic pocket model, trained with token drop: its ranking of methods says nothing about GLaMM-7B."


def glamm_config(g: Geometry) -> dict:
    llama, sam = g.llama, g.sam
    return {
        "_name_or_path": "litebench pocket", "litebench_remark": REMARK,
        "architectures": ["GLaMMForCausalLM"], "model_type": "llava",
        "bbox_token_idx": PIECES + ADDED.index("<bbox>"), "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
        "hidden_act": "silu", "hidden_size": llama.hidden, "intermediate_size": llama.mlp,
        "num_hidden_layers": llama.layers, "num_attention_heads": llama.heads, "num_key_value_heads": llama.heads,
        "rms_norm_eps": llama.rms_eps, "max_position_embeddings": 4096, "vocab_size": llama.vocab,
        "out_dim": llama.out_dim, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
        "mm_hidden_size": g.vision.hidden, "mm_projector_type": "mlp2x_gelu", "mm_vision_select_layer": -2,
        "mm_vision_select_feature": "patch", "mm_use_im_start_end": True, "train_mask_decoder": True,
        "with_region": False, "use_cache": False,
        "sam_image_size": sam.image, "sam_patch_size": sam.patch, "sam_embed_dim": sam.dim, "sam_depth": sam.depth,
        "sam_num_heads": sam.heads, "sam_mlp_ratio": sam.mlp // sam.dim, "sam_window_size": sam.window,
        "sam_global_attn_indexes": list(sam.global_blocks), "sam_out_chans": sam.out,
        "sam_decoder_depth": sam.decoder_depth, "sam_decoder_mlp_dim": sam.decoder_mlp,
        "sam_decoder_num_heads": sam.decoder_heads,
        "sam_decoder_attention_downsample_rate": sam.decoder_downsample, "sam_iou_head_hidden_dim": sam.iou_hidden,
        "sam_num_multimask_outputs": sam.mask_tokens - 1, "sam_mask_in_chans": sam.mask_in,
    }


def clip_config(g: Geometry) -> dict:
    v, t = g.vision, g.text
    shared = {"hidden_act": "quick_gelu", "projection_dim": v.projection}
    return {
        "architectures": ["CLIPModel"], "model_type": "clip", "projection_dim": v.projection, "torch_dtype": "float32",
        "text_config": {
            "model_type": "clip_text_model", "hidden_size": t.hidden, "intermediate_size": t.mlp,
            "num_hidden_layers": t.layers, "num_attention_heads": t.heads, "layer_norm_eps": t.eps,
            "max_position_embeddings": t.positions, "vocab_size": t.vocab, "bos_token_id": t.vocab - 2,
            "eos_token_id": t.vocab - 1, "pad_token_id": t.vocab - 1, **shared},
        "vision_config": {
            "model_type": "clip_vision_model", "hidden_size": v.hidden, "intermediate_size": v.mlp,
            "num_hidden_layers": v.layers, "num_attention_heads": v.heads, "layer_norm_eps": v.eps,
            "image_size": v.image, "patch_size": v.patch, **shared},
    }


def _special_tokens(unknown: str, begin: str, end: str, pad: str) -> dict:
    def whole(token):
        return {"content": token, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}

    return {"bos_token": whole(begin), "eos_token": whole(end), "unk_token": whole(unknown), "pad_token": pad}


_PREPROCESSOR = {"crop_size": 336, "do_center_crop": True, "do_normalize": True, "do_resize": True,
                 "feature_extractor_type": "CLIPFeatureExtractor", "image_mean": CLIP_MEAN, "image_std": CLIP_STD,
                 "resample": 3, "size": 336}
_LLAMA_TOKENIZER = {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": False,
                    "clean_up_tokenization_spaces": False, "legacy": True, "model_max_length": 1536,
                    "padding_side": "right", "sp_model_kwargs": {}}
_CLIP_TOKENIZER = {"tokenizer_class": "CLIPTokenizer", "add_prefix_space": False, "do_lower_case": True,
                   "errors": "replace", "model_max_length": 77}


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")


def export(model: Pocket, tokenizers: Path, out: Path) -> None:
    """Writes out/glamm and out/clip; `tokenizers` as left by vocabulary.learn."""
    glamm, clip = out / "glamm", out / "clip"
    for folder in (glamm, clip):
        folder.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        save_file(glamm_weights(model), glamm / "model.safetensors", {"format": "pt"})
        save_file(clip_weights(model), clip / "model.safetensors", {"format": "pt"})
    for name in ("tokenizer.model", "added_tokens.json"):
        shutil.copyfile(tokenizers / name, glamm / name)
    for name in ("vocab.json", "merges.txt"):
        shutil.copyfile(tokenizers / name, clip / name)
    special = _special_tokens("<unk>", "<s>", "</s>", "<unk>")
    _write_json(glamm / "config.json", glamm_config(model.geometry))
    _write_json(glamm / "special_tokens_map.json", special)
    _write_json(glamm / "tokenizer_config.json", {**special, **_LLAMA_TOKENIZER})
    special = _special_tokens("<|endoftext|>", "<|startoftext|>", "<|endoftext|>", "<|endoftext|>")
    _write_json(clip / "config.json", clip_config(model.geometry))
    _write_json(clip / "preprocessor_config.json", _PREPROCESSOR)
    _write_json(clip / "special_tokens_map.json", special)
    _write_json(clip / "tokenizer_config.json", {**special, **_CLIP_TOKENIZER})
