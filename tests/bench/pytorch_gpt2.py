#!/usr/bin/env python3
"""The training step of tests/bench/model.c in PyTorch: tokens a second and peak memory.

    python3 tests/bench/pytorch_gpt2.py --threads 2 [--compile] [--width 256 ...] [--device cuda]

Same shapes, the vocabulary padded to a multiple of 64, float32 (on a GPU bfloat16 by autocast, with float32 weights and moments), scaled_dot_product_attention, dropout, clipping and (fused, where there is
one) AdamW: PyTorch as one would write it for speed.
"""

import argparse
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional


class Layer(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.heads, self.p = o.heads, o.dropout
        self.norm1, self.norm2 = nn.LayerNorm(o.width), nn.LayerNorm(o.width)
        self.qkv = nn.Linear(o.width, 3 * o.width)
        self.attended = nn.Linear(o.width, o.width)
        self.hidden = nn.Linear(o.width, 4 * o.width)
        self.projection = nn.Linear(4 * o.width, o.width)

    def attention(self, x):
        q, k, v = (t.unflatten(2, (self.heads, -1)).transpose(1, 2)
                   for t in self.qkv(x).chunk(3, 2))
        out = functional.scaled_dot_product_attention(
            q, k, v, is_causal=True, dropout_p=self.p if self.training else 0.0)
        return self.attended(out.transpose(1, 2).flatten(2))

    def forward(self, x):
        x = x + functional.dropout(self.attention(self.norm1(x)), self.p, self.training)
        hidden = functional.gelu(self.hidden(self.norm2(x)))
        return x + functional.dropout(self.projection(hidden), self.p, self.training)


class GPT2(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.p = o.dropout
        # Products whose rows are no whole octets would be slow on a GPU.
        self.token = nn.Embedding(-(-o.vocabulary // 64) * 64, o.width)
        self.position = nn.Embedding(o.context + 1, o.width)
        self.layers = nn.ModuleList(Layer(o) for _ in range(o.layers))
        self.norm = nn.LayerNorm(o.width)

    def forward(self, tokens, targets):
        x = self.token(tokens) + self.position.weight[:tokens.shape[1]]
        x = functional.dropout(x, self.p, self.training)
        for layer in self.layers:
            x = layer(x)
        logits = functional.linear(self.norm(x), self.token.weight)
        return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def make_optimizer(parameters):
    options = {"lr": 1e-4, "weight_decay": 0.01}
    try:
        return torch.optim.AdamW(parameters, fused=True, **options)
    except (RuntimeError, TypeError):
        return torch.optim.AdamW(parameters, **options)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("layers", 12), ("width", 128), ("heads", 4), ("context", 128),
                          ("batch", 8), ("vocabulary", 4096), ("threads", 2), ("steps", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args()


def peak_memory(device):
    """Of the process, or what the allocator had at most on the GPU; in MB, with a word."""
    if device == "cuda":
        return f"{torch.cuda.max_memory_allocated() / 1e6:.0f} MB on the device"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6:.0f} MB resident"


def wait(device):
    if device == "cuda":
        torch.cuda.synchronize()


def main():
    o = parse_options()
    torch.manual_seed(1)
    torch.set_num_threads(o.threads)
    model = GPT2(o).to(o.device)
    optimizer = make_optimizer(model.parameters())
    run = torch.compile(model) if o.compile else model
    tokens, targets = torch.randint(o.vocabulary, (2, o.batch, o.context), device=o.device)
    seconds = []
    for step in range(o.steps + 3):
        wait(o.device)
        start = time.monotonic()
        with torch.autocast(o.device, torch.bfloat16, enabled=o.device == "cuda"):
            loss = run(tokens, targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        wait(o.device)
        if step >= 3:
            seconds.append(time.monotonic() - start)
    count = o.batch * o.context
    print(f"PyTorch {torch.__version__} {'compiled' if o.compile else 'eager'} L {o.layers} "
          f"C {o.width} H {o.heads} T {o.context} B {o.batch} V {o.vocabulary} dropout "
          f"{o.dropout:g} threads {o.threads}: {count / statistics.median(seconds):.0f} tokens/s "
          f"(best {count / min(seconds):.0f}), {peak_memory(o.device)}")


if __name__ == "__main__":
    main()
