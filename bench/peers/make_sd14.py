"""Writes a folder with a complete Stable Diffusion 1.4 of full size, made up of name-hash numbers.

Every weight is a function of its parameter's name (tools/goldens/common.py has the rule), so the folder computes the
same as the published model, as fast, in the same memory, and everybody gets the same numbers without a download. The
pictures show nothing. Needs only numpy.

    python bench/peers/make_sd14.py OUT [--dtype float32|float16] [--seed N]
"""

import argparse
import json
import math
import os
import shutil
import struct

import numpy as np

import shapes

HERE = os.path.dirname(os.path.abspath(__file__))
SMALL_TOKENIZER = os.path.join(HERE, "../../weights-loader/src/test/resources/goldens/tokenizer/clip")
START, END, LENGTH = "<|startoftext|>", "<|endoftext|>", 77

ATTENTION_DOWN, ATTENTION_UP = "CrossAttnDownBlock2D", "CrossAttnUpBlock2D"
CONFIGS = {
    "model_index.json": {
        "_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.2.2",
        "feature_extractor": [None, None], "safety_checker": [None, None], "requires_safety_checker": False,
        "scheduler": ["diffusers", "PNDMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"]},
    "scheduler/scheduler_config.json": {
        "_class_name": "PNDMScheduler", "_diffusers_version": "0.7.0.dev0", "beta_end": 0.012,
        "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": False, "num_train_timesteps": 1000,
        "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1, "trained_betas": None},
    "unet/config.json": {
        "_class_name": "UNet2DConditionModel", "_diffusers_version": "0.2.2", "act_fn": "silu",
        "attention_head_dim": 8, "block_out_channels": shapes.WIDTHS["unet"], "center_input_sample": False,
        "cross_attention_dim": shapes.CONTEXT, "down_block_types": [ATTENTION_DOWN] * 3 + ["DownBlock2D"],
        "downsample_padding": 1, "flip_sin_to_cos": True, "freq_shift": 0, "in_channels": 4, "layers_per_block": 2,
        "mid_block_scale_factor": 1, "norm_eps": 1e-05, "norm_num_groups": 32, "out_channels": 4, "sample_size": 64,
        "up_block_types": ["UpBlock2D"] + [ATTENTION_UP] * 3},
    "vae/config.json": {
        "_class_name": "AutoencoderKL", "_diffusers_version": "0.2.2", "act_fn": "silu",
        "block_out_channels": shapes.WIDTHS["vae"], "down_block_types": ["DownEncoderBlock2D"] * 4, "in_channels": 3,
        "latent_channels": 4, "layers_per_block": 2, "out_channels": 3, "sample_size": 512,
        "up_block_types": ["UpDecoderBlock2D"] * 4},
    "text_encoder/config.json": {
        "architectures": ["CLIPTextModel"], "attention_dropout": 0.0, "bos_token_id": 0, "dropout": 0.0,
        "eos_token_id": 2, "hidden_act": "quick_gelu", "hidden_size": shapes.TEXT["hidden"],
        "intermediate_size": shapes.TEXT["inner"], "layer_norm_eps": 1e-05,
        "max_position_embeddings": shapes.TEXT["positions"], "model_type": "clip_text_model",
        "num_attention_heads": 12, "num_hidden_layers": shapes.TEXT["layers"], "pad_token_id": 1,
        "projection_dim": 768, "vocab_size": shapes.TEXT["tokens"]},
    "tokenizer/special_tokens_map.json": {"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END},
    "tokenizer/tokenizer_config.json": {
        "add_prefix_space": False, "bos_token": START, "do_lower_case": True, "eos_token": END, "errors": "replace",
        "model_max_length": LENGTH, "pad_token": END, "tokenizer_class": "CLIPTokenizer", "unk_token": END},
}

# ---------------------------------------------------------------------------------------------------------
# Numbers
# ---------------------------------------------------------------------------------------------------------

MASK, GAMMA = (1 << 64) - 1, 0x9E3779B97F4A7C15
CHUNK = 1 << 18  # numbers at a time; small enough for the cache


def fnv1a64(text):
    h = 0xCBF29CE484222325
    for byte in text.encode("utf-8"):
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def rule(name, shape):
    """(offset, scale) of a parameter: its values are offset + scale * v with v uniform in [-1, 1)."""
    if len(shape) == 1:
        return (1.0, 0.1) if name.endswith(".weight") else (0.0, 0.1)
    if len(shape) == 2 and name.endswith("embedding.weight"):
        return 0.0, 0.05
    return 0.0, math.sqrt(3.0 / math.prod(shape[1:]))


def values(name, shape, salt):
    """Pieces of the parameter in row-major order, as float32 arrays."""
    count, (offset, scale), h = math.prod(shape), rule(name, shape), fnv1a64(salt + name)
    steps = np.arange(1, min(CHUNK, count) + 1, dtype=np.uint64) * np.uint64(GAMMA)
    for start in range(0, count, CHUNK):
        x = steps[:count - start] + np.uint64((h + start * GAMMA) & MASK)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = (x ^ (x >> np.uint64(31))) >> np.uint64(40)
        yield (offset + scale * (x.astype(np.float64) * 2.0**-23 - 1.0)).astype(np.float32)


def write_weights(path, parameters, dtype, salt, extra=None):
    """Writes a safetensors file: parameters [(name, shape)] of one dtype, and extra {name: array} as it is."""
    width, kind = {"float32": (4, "F32"), "float16": (2, "F16")}[dtype]
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, array in (extra or {}).items():
        assert array.dtype == np.int64
        header[name] = {"dtype": "I64", "shape": array.shape, "data_offsets": [at, at := at + array.nbytes]}
    for name, shape in parameters:
        size = math.prod(shape) * width
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at := at + size]}
    text = json.dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    with open(path + ".part", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for array in (extra or {}).values():
            f.write(array.astype("<i8").tobytes())
        for name, shape in parameters:
            for piece in values(name, shape, salt):
                f.write(piece.astype(dtype).tobytes())
    os.replace(path + ".part", path)


# ---------------------------------------------------------------------------------------------------------
# Tokenizer
# ---------------------------------------------------------------------------------------------------------


def write_tokenizer(folder, source):
    """vocab.json and merges.txt with CLIP's 49408 entries.

    CLIP's own files are copied when source has them. A smaller vocabulary keeps ids and merges; pairs and triples of
    byte symbols from 0x80 up, which ASCII text has not, fill it up behind them, and the special tokens come last.
    """
    with open(os.path.join(source, "vocab.json"), encoding="utf-8") as f:
        vocabulary = json.load(f)
    if len(vocabulary) == shapes.TEXT["tokens"]:
        for file in ("vocab.json", "merges.txt"):
            shutil.copyfile(os.path.join(source, file), os.path.join(folder, file))
        return
    with open(os.path.join(source, "merges.txt"), encoding="utf-8") as f:
        lines = f.read().rstrip("\n").split("\n")
    tokens = [t for t, _ in sorted(vocabulary.items(), key=lambda entry: entry[1]) if t not in (START, END)]
    assert [vocabulary[t] for t in tokens] == list(range(len(tokens))), f"{source}: the special tokens are not last"
    taken, missing = set(tokens), shapes.TEXT["tokens"] - 2 - len(tokens)
    for a, b in filling([t for t in tokens if len(t) == 1 and ord(t) >= 0x80]):
        if missing > 0 and a + b not in taken and a in taken and b in taken:
            taken.add(a + b)
            tokens.append(a + b)
            lines.append(f"{a} {b}")
            missing -= 1
    assert missing == 0
    with open(os.path.join(folder, "vocab.json"), "w", encoding="utf-8") as f:
        json.dump({t: i for i, t in enumerate([*tokens, START, END])}, f, ensure_ascii=False)
    with open(os.path.join(folder, "merges.txt"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


def filling(symbols):
    yield from ((a, b) for a in symbols for b in symbols)
    yield from ((a, b + "</w>") for a in symbols for b in symbols)
    yield from ((a + b, c + "</w>") for a in symbols for b in symbols for c in symbols)


# ---------------------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", help="the folder to write")
    parser.add_argument("--dtype", choices=("float32", "float16"), default="float32", help="of the weight files")
    parser.add_argument("--seed", type=int, help="other numbers (default: the numbers of the golden files)")
    parser.add_argument("--tokenizer", default=SMALL_TOKENIZER, help="folder with vocab.json and merges.txt of a CLIP "
                        "tokenizer to copy or extend (default: the small one of the tests)")
    options = parser.parse_args()
    for path, config in CONFIGS.items():
        path = os.path.join(options.out, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(config, f, indent=2)
            f.write("\n")
    write_tokenizer(os.path.join(options.out, "tokenizer"), options.tokenizer)
    salt = "" if options.seed is None else f"{options.seed}:"
    positions = {"text_model.embeddings.position_ids": np.arange(LENGTH, dtype=np.int64).reshape(1, LENGTH)}
    for path, parameters, extra in (("text_encoder/model.safetensors", shapes.text(), positions),
                                    ("vae/diffusion_pytorch_model.safetensors", shapes.vae(), None),
                                    ("unet/diffusion_pytorch_model.safetensors", shapes.unet(), None)):
        write_weights(os.path.join(options.out, path), parameters, options.dtype, salt, extra)
        print(f"{path}: {sum(math.prod(shape) for _, shape in parameters):,} parameters", flush=True)


if __name__ == "__main__":
    main()
