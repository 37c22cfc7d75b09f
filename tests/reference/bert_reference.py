#!/usr/bin/env python3
"""Writes the reference numbers of BERT that tests/unit/model/reference.c compares lib/model with.

    python3 tests/reference/bert_reference.py > tests/unit/model/bert_reference.h

The transformers library's BertLMHeadModel in float64, causal (as a decoder) and bidirectional, with
weights, tokens and shapes as in gpt2_reference.py. Layers are tied by giving them the source's
parameters; where tied uses give no gradient, by copies that train nothing and follow the source.
The padding token's special role is switched off. Dropout is off. Needs PyTorch and transformers.
"""

import sys

import torch
from transformers import BertConfig, BertLMHeadModel
from transformers.utils import logging

from gpt2_reference import (CONTEXT, HEADS, HIDDEN, LAYERS, VOCABULARY, WIDTH, make_parameters,
                            print_head, print_results)

BASE_COUNT = 124690513  # parameters of BERT-base with GPT-2's vocabulary

# lib/model's names and the transformers library's, in lib/model's order.
BASE = [("embedding.token.weight", (VOCABULARY, WIDTH), "bert.embeddings.word_embeddings.weight"),
        ("embedding.position.weight", (512, WIDTH), "bert.embeddings.position_embeddings.weight"),
        ("embedding.type.weight", (2, WIDTH), "bert.embeddings.token_type_embeddings.weight"),
        ("embedding.norm.weight", (WIDTH,), "bert.embeddings.LayerNorm.weight"),
        ("embedding.norm.bias", (WIDTH,), "bert.embeddings.LayerNorm.bias"),
        ("head.transform.weight", (WIDTH, WIDTH), "cls.predictions.transform.dense.weight"),
        ("head.transform.bias", (WIDTH,), "cls.predictions.transform.dense.bias"),
        ("head.norm.weight", (WIDTH,), "cls.predictions.transform.LayerNorm.weight"),
        ("head.norm.bias", (WIDTH,), "cls.predictions.transform.LayerNorm.bias"),
        ("head.bias", (VOCABULARY,), "cls.predictions.bias")]
LAYER = {"attention.norm": "attention.output.LayerNorm",
         "attention.projection": "attention.output.dense",
         "feedforward.norm": "output.LayerNorm",
         "feedforward.hidden": "intermediate.dense",
         "feedforward.projection": "output.dense"}


def config(causal, **sizes):
    return BertConfig(is_decoder=causal, hidden_act="gelu", type_vocab_size=2,
                      max_position_embeddings=512, layer_norm_eps=1e-12, hidden_dropout_prob=0,
                      attention_probs_dropout_prob=0, pad_token_id=None,
                      attn_implementation="eager", **sizes)


def fused_linear(weight, bias, index):
    """Query, key or value: a third of one linear, so that the gradient is of one tensor."""
    rows = slice(index * WIDTH, (index + 1) * WIDTH)
    return lambda x: torch.nn.functional.linear(x, weight[rows], bias[rows])


def set_parameter(module, path, parameter):
    *way, name = path.split(".")
    for step in way:
        module = getattr(module, step)
    module._parameters[name] = parameter


def set_layer(layer, tensors):
    """`tensors`: by lib/model's names within a layer."""
    for index, name in enumerate(("query", "key", "value")):
        getattr(layer.attention.self, name).forward = fused_linear(
            tensors["attention.qkv.weight"], tensors["attention.qkv.bias"], index)
    for own, theirs in LAYER.items():
        for end in ("weight", "bias"):
            set_parameter(layer, f"{theirs}.{end}", tensors[f"{own}.{end}"])


def make_model(causal, tying_map, gradient_of_all_uses):
    """Parameters by lib/model's names, and logits as a function of tokens."""
    values = make_parameters(tying_map, [entry[:2] for entry in BASE])
    parameters = {name: torch.nn.Parameter(value.detach()) for name, value in values.items()}
    model = BertLMHeadModel(config(causal, vocab_size=VOCABULARY, hidden_size=WIDTH,
                                   num_hidden_layers=LAYERS, num_attention_heads=HEADS,
                                   intermediate_size=HIDDEN)).double().eval()
    for name, _, theirs in BASE:
        set_parameter(model, theirs, parameters[name])
    model.cls.predictions.decoder._parameters["weight"] = parameters["embedding.token.weight"]
    model.cls.predictions.decoder._parameters["bias"] = parameters["head.bias"]
    followers = []
    for i, layer in enumerate(model.bert.encoder.layer):
        prefix = f"layers.{tying_map[i]}."
        tensors = {name.removeprefix(prefix): tensor for name, tensor in parameters.items()
                   if name.startswith(prefix)}
        if tying_map[i] != i and not gradient_of_all_uses:
            copies = {name: torch.nn.Parameter(tensor.detach().clone(), requires_grad=False)
                      for name, tensor in tensors.items()}
            followers += [(copies[name], tensor) for name, tensor in tensors.items()]
            tensors = copies
        set_layer(layer, tensors)

    def logits(tokens):
        for follower, source in followers:
            follower.data.copy_(source.data)
        return model(input_ids=tokens, use_cache=False).logits

    return parameters, logits


def check_count():
    with torch.device("meta"):
        model = BertLMHeadModel(config(True, vocab_size=50257))
    unique = {id(p): p.numel() for p in model.parameters()}
    if sum(unique.values()) != BASE_COUNT:
        sys.exit(f"BERT-base has {sum(unique.values())} parameters, not {BASE_COUNT}")


def print_case(name, causal, tying_map, gradient_of_all_uses):
    print("{")
    print(f'    .name = "{name}",\n    .bert = true,')
    print(f"    .bidirectional = {str(not causal).lower()},")
    print("    .map = {" + ", ".join(map(str, tying_map)) + "},")
    print(f"    .gradient_of_all_uses = {str(gradient_of_all_uses).lower()},")
    print_results(lambda: make_model(causal, tying_map, gradient_of_all_uses))


def main():
    logging.set_verbosity_error()
    check_count()
    print_head("bert_reference.py", "BERT_REFERENCES")
    print_case("causal, independent", True, [0, 1, 2, 3], True)
    print_case("bidirectional, tied, gradients summed", False, [0, 0, 2, 2], True)
    print_case("causal, tied, the owner's gradient alone", True, [0, 0, 2, 2], False)
    print("};")


if __name__ == "__main__":
    sys.exit(main())
