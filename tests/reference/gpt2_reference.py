#!/usr/bin/env python3
"""Writes the reference numbers that tests/unit/model/reference.c compares lib/model with.

    python3 tests/reference/gpt2_reference.py > tests/unit/model/gpt2_reference.h

A GPT-2 written for clarity in PyTorch, in float64, so that what is left of a difference is the
tested side's rounding. Weights and tokens come from an integer hash that both sides compute.
Dropout is off. Needs PyTorch (any version since 1.13).
"""

import sys

import torch
from torch.nn import functional

LAYERS, WIDTH, HEADS, CONTEXT, VOCABULARY, BATCH = 4, 48, 3, 20, 97, 15
HIDDEN = 4 * WIDTH
STEPS, SAMPLES = 20, 4
LR, BETAS, EPS, DECAY, CLIP = 1e-3, (0.9, 0.999), 1e-8, 0.01, 1.0
MASK = 0xFFFFFFFF


def hash32(a, b):
    h = (a * 0x9E3779B1 + b * 0x85EBCA77 + 0x165667B1) & MASK
    for multiplier in (0x7FEB352D, 0x846CA68B):
        h = ((h ^ (h >> 16)) * multiplier) & MASK
    return h ^ (h >> 16)


def uniform(identifier, shape):
    """Multiples of 2^-24 in [-1/2, 1/2): exact in float32."""
    count = 1
    for size in shape:
        count *= size
    values = [(hash32(identifier, i) >> 8) / 2**24 - 0.5 for i in range(count)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def make_tensor(identifier, name, shape):
    """Scales are powers of two, so that the product is exact in float32 too."""
    values = uniform(identifier, shape)
    if name.endswith("norm.weight"):
        values = 1 + values / 2
    else:
        values = values / (4 if name.endswith(".bias") else 2)
    return values.requires_grad_(True)


ATTENTION = [("norm.weight", (WIDTH,)), ("norm.bias", (WIDTH,)),
             ("qkv.weight", (3 * WIDTH, WIDTH)), ("qkv.bias", (3 * WIDTH,)),
             ("projection.weight", (WIDTH, WIDTH)), ("projection.bias", (WIDTH,))]
FEEDFORWARD = [("norm.weight", (WIDTH,)), ("norm.bias", (WIDTH,)),
               ("hidden.weight", (HIDDEN, WIDTH)), ("hidden.bias", (HIDDEN,)),
               ("projection.weight", (WIDTH, HIDDEN)), ("projection.bias", (WIDTH,))]
BASE = [("embedding.token.weight", (VOCABULARY, WIDTH)),
        ("embedding.position.weight", (CONTEXT + 1, WIDTH)),
        ("final.norm.weight", (WIDTH,)), ("final.norm.bias", (WIDTH,))]


def make_parameters(tying_map, base=BASE):
    """Name to tensor, in lib/model's order: of the independent layers only."""
    parameters = {}
    for i, (name, shape) in enumerate(base):
        parameters[name] = make_tensor(i, name, shape)
    for layer in range(LAYERS):
        if tying_map[layer] != layer:
            continue
        for part, (prefix, tensors) in enumerate((("attention", ATTENTION),
                                                  ("feedforward", FEEDFORWARD))):
            for i, (name, shape) in enumerate(tensors):
                full = f"layers.{layer}.{prefix}.{name}"
                parameters[full] = make_tensor(16 + 16 * layer + 8 * part + i, full, shape)
    return parameters


def make_batch(step):
    """Every eleventh target does not count."""
    tokens = [hash32(1000 + step, i) % VOCABULARY for i in range(BATCH * CONTEXT)]
    targets = [hash32(2000 + step, i) % VOCABULARY if i % 11 != 5 else -1
               for i in range(BATCH * CONTEXT)]
    shape = (BATCH, CONTEXT)
    return torch.tensor(tokens).reshape(shape), torch.tensor(targets).reshape(shape)


def attention(x, p):
    head = WIDTH // HEADS
    qkv = functional.linear(x, p("attention.qkv.weight"), p("attention.qkv.bias"))
    q, k, v = (t.reshape(*x.shape[:2], HEADS, head).transpose(1, 2) for t in qkv.split(WIDTH, 2))
    scores = q @ k.transpose(2, 3) / head**0.5
    future = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
    probabilities = scores.masked_fill(future, -torch.inf).softmax(3)
    out = (probabilities @ v).transpose(1, 2).reshape(x.shape)
    return functional.linear(out, p("attention.projection.weight"), p("attention.projection.bias"))


def feedforward(x, p):
    hidden = functional.linear(x, p("feedforward.hidden.weight"), p("feedforward.hidden.bias"))
    return functional.linear(functional.gelu(hidden), p("feedforward.projection.weight"),
                             p("feedforward.projection.bias"))


def norm(x, gain, bias):
    return functional.layer_norm(x, (WIDTH,), gain, bias, 1e-5)


def logits_of(parameters, tying_map, gradient_of_all_uses, tokens):
    token = parameters["embedding.token.weight"]
    x = token[tokens] + parameters["embedding.position.weight"][:tokens.shape[1]]
    for layer in range(LAYERS):
        source = tying_map[layer]
        trains = gradient_of_all_uses or source == layer

        def p(name):
            tensor = parameters[f"layers.{source}.{name}"]
            return tensor if trains else tensor.detach()

        x = x + attention(norm(x, p("attention.norm.weight"), p("attention.norm.bias")), p)
        x = x + feedforward(norm(x, p("feedforward.norm.weight"), p("feedforward.norm.bias")), p)
    x = norm(x, parameters["final.norm.weight"], parameters["final.norm.bias"])
    return x @ token.T


def cross_entropy(logits, targets, reduction="mean"):
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1,
                                    reduction=reduction)


def number(value):
    return f"{value.item():.12g}"


def print_list(values, indent):
    values = [number(v) for v in values]
    for i in range(0, len(values), 6):
        print(indent + ", ".join(values[i:i + 6]) + ",")


def print_gradients(parameters):
    print("    .gradients = {")
    for i, (name, tensor) in enumerate(parameters.items()):
        gradient = tensor.grad.flatten()
        samples = [gradient[hash32(3000 + i, j) % len(gradient)] for j in range(SAMPLES)]
        print(f'        {{"{name}", {number(gradient.norm())},')
        print("         {" + ", ".join(number(s) for s in samples) + "}},")
    print("    },")


def print_curve(parameters, logits):
    """`logits`: a function of the tokens."""
    optimizer = torch.optim.AdamW(parameters.values(), lr=LR, betas=BETAS, eps=EPS,
                                  weight_decay=DECAY)
    losses, norms = [], []
    for step in range(STEPS):
        tokens, targets = make_batch(step)
        loss = cross_entropy(logits(tokens), targets)
        optimizer.zero_grad()
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), CLIP))
        optimizer.step()
        losses.append(loss)
    print("    .curve_losses = {")
    print_list(losses, " " * 8)
    print("    },\n    .curve_norms = {")
    print_list(norms, " " * 8)
    print("    },")


def print_results(make):
    """`make` gives fresh parameters and logits as a function of tokens."""
    parameters, logits_of_tokens = make()
    tokens, targets = make_batch(0)
    logits = logits_of_tokens(tokens)
    loss = cross_entropy(logits, targets)
    loss.backward()
    print(f"    .loss = {number(loss)},")
    print("    .token_losses = {")
    print_list(cross_entropy(logits, targets, "none").flatten()[:30], " " * 8)
    print("    },\n    .next_logits = {")
    print_list(logits[0, -1], " " * 8)
    print("    },")
    print_gradients(parameters)
    print_curve(*make())
    print("},")


def print_case(name, tying_map, gradient_of_all_uses):
    def make():
        parameters = make_parameters(tying_map)
        return parameters, lambda tokens: logits_of(parameters, tying_map, gradient_of_all_uses,
                                                    tokens)

    print("{")
    print(f'    .name = "{name}",')
    print("    .map = {" + ", ".join(map(str, tying_map)) + "},")
    print(f"    .gradient_of_all_uses = {str(gradient_of_all_uses).lower()},")
    print_results(make)


def print_head(script, array):
    print(f"// Made by tests/reference/{script} with PyTorch {torch.__version__.split('+')[0]}, in "
          "float64. Not to be edited.")
    print("// clang-format off")
    print(f"static const struct reference {array}[] = {{")


def main():
    print_head("gpt2_reference.py", "GPT2_REFERENCES")
    print_case("independent", [0, 1, 2, 3], True)
    print_case("tied, gradients summed", [0, 0, 2, 2], True)
    print_case("tied, the owner's gradient alone", [0, 0, 2, 2], False)
    print("};")


if __name__ == "__main__":
    sys.exit(main())
