"""Seconds of encoding texts of 77 tokens with CLIP's text encoder: the prompt and the empty prompt are a batch of 2."""

import torch
from transformers import CLIPTextModel

import common

p = common.parser(__doc__, runs=20)
p.add_argument("--batch", type=int, default=2)
options = p.parse_args()
common.apply(options)

model = CLIPTextModel.from_pretrained(options.model, subfolder="text_encoder", dtype=common.DTYPES[options.dtype])
model = common.prepare(model, options)
ids = torch.randint(0, 49408, (options.batch, 77), generator=torch.Generator().manual_seed(0))
common.measure("text", options, lambda: model(ids, return_dict=False)[0])
