"""similarity.py LAYERS WIDTH HEADS: what dlt-eval similarity has to say of the checkpoint on standard
input (uncompressed), all of whose layers are independent: part, layer, other layer, 0 and the cosine
in millionths; then "head", head, other head, pairs of layers and the mean cosine.
"""
import math
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "agents"))
from plain import get

LAYERS, WIDTH, HEADS = map(int, sys.argv[1:])
SIZE = WIDTH // HEADS


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    return dot / math.sqrt(sum(x * x for x in a) * sum(x * x for x in b))


def line(*fields, value):
    print(*fields, round(value * 1e6), sep="\t")


def head(tensors, layer, h):
    qkv = tensors[f"layers.{layer}.attention.qkv.weight"]
    projection = tensors[f"layers.{layer}.attention.projection.weight"]
    rows = [WIDTH * which + SIZE * h + i for which in range(3) for i in range(SIZE)]
    columns = range(SIZE * h, SIZE * (h + 1))
    return [x for row in rows for x in qkv[WIDTH * row:WIDTH * (row + 1)]] + [
        projection[WIDTH * row + column] for row in range(WIDTH) for column in columns]


tensors = {}
for record in iter(get, None):
    if record["kind"] == "tensor" and len(record["shape"]) == 2:
        data = record["data"]
        tensors[record["name"]] = struct.unpack(f"<{len(data) // 4}f", data)
pairs = [(i, j) for i in range(LAYERS) for j in range(i + 1, LAYERS)]
for part, names in (("attention", ("qkv", "projection")), ("feedforward", ("hidden", "projection"))):
    whole = [sum((tensors[f"layers.{i}.{part}.{name}.weight"] for name in names), ())
             for i in range(LAYERS)]
    for i, j in pairs:
        line(part, i, j, 0, value=cosine(whole[i], whole[j]))
heads = [[head(tensors, i, h) for h in range(HEADS)] for i in range(LAYERS)]
for h in range(HEADS):
    for g in range(HEADS):
        line("head", h, g, len(pairs),
             value=sum(cosine(heads[i][h], heads[j][g]) for i, j in pairs) / len(pairs))
