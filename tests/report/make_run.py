#!/usr/bin/env python3
"""Writes run logs for the tests of dlt-report, as plain msgpack with a valid end record.

    make_run.py json < RECORDS > RUN         the records are lines of JSON, as dlt-cat prints them
    make_run.py simulate [OPTION...] > RUN   a made-up training run; --help tells the options
"""
import argparse
import json
import math
import random
import struct
import sys

MASK = (1 << 64) - 1
PRIMES = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
          0x27D4EB2F165667C5)


def rotate(x, bits):
    return ((x << bits) | (x >> (64 - bits))) & MASK


def xxh64_round(lane, value):
    return rotate((lane + value * PRIMES[1]) & MASK, 31) * PRIMES[0] & MASK


def xxh64(data):
    p1, p2, p3, p4, p5 = PRIMES
    length, at = len(data), 0
    if length >= 32:
        lanes = [(p1 + p2) & MASK, p2, 0, -p1 & MASK]
        while at + 32 <= length:
            lanes = [xxh64_round(lane, value)
                     for lane, value in zip(lanes, struct.unpack_from("<4Q", data, at))]
            at += 32
        h = sum(rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            h = ((h ^ xxh64_round(0, lane)) * p1 + p4) & MASK
    else:
        h = p5
    h = (h + length) & MASK
    while at + 8 <= length:
        h = (rotate(h ^ xxh64_round(0, struct.unpack_from("<Q", data, at)[0]), 27) * p1 + p4) & MASK
        at += 8
    if at + 4 <= length:
        h = (rotate(h ^ struct.unpack_from("<I", data, at)[0] * p1 & MASK, 23) * p2 + p3) & MASK
        at += 4
    for byte in data[at:]:
        h = rotate(h ^ byte * p5 & MASK, 11) * p1 & MASK
    h = (h ^ h >> 33) * p2 & MASK
    h = (h ^ h >> 29) * p3 & MASK
    return h ^ h >> 32


def pack(value):
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        if 0 <= value < 128:
            return bytes([value])
        return b"\xcf" + struct.pack(">Q", value) if value >= 0 else b"\xd3" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogateescape")
        return b"\xdb" + struct.pack(">I", len(text)) + text
    if isinstance(value, list):
        return b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(pack, value))
    return b"\xdf" + struct.pack(">I", len(value)) + b"".join(pack(k) + pack(v)
                                                               for k, v in value.items())


def write(records, out, end=True):
    everything, content, count = bytearray(), bytearray(), 0
    for record in records:
        if record["kind"] == "end":
            continue
        packed = pack(record)
        everything += packed
        if record["kind"] not in ("env", "timing", "input"):
            content += packed
        count += 1
    out.write(everything)
    if end:
        out.write(pack({"kind": "end", "records": count, "xxh64": f"{xxh64(everything):016x}",
                        "content_xxh64": f"{xxh64(content):016x}"}))


def simulate(options):
    rng = random.Random(f"{options.dataset}/{options.method}/{options.seed}")
    layers, dynamic = options.layers, options.method != "conventional"
    width, vocabulary = options.width, 1024
    layer_parameters = 12 * width * width + 13 * width
    embedding = (vocabulary + 64) * width
    final = 2 * width
    labels = {"dataset": options.dataset, "method": options.method, "arch": options.arch,
              "seed": str(options.seed), "profile": options.profile}
    for label in options.label:
        key, _, value = label.partition("=")
        labels[key] = value
    yield {"kind": "header", "format": "dlt", "version": 1, "content": "run",
           "program": "dlt-train", "labels": labels,
           "config": {"arch": options.arch, "layers": layers, "width": width, "heads": 4,
                      "context": 64, "batch": 16, "lr": 1e-3, "seed": options.seed,
                      "episodes": options.episodes, "steps-per-action": 4,
                      "agent": "dlt-qagent --policy " + ("qlearn" if dynamic else "fixed:independent")}}
    yield {"kind": "env", "version": "0.1.0", "host": "test", "threads": 1}
    state = [0] * layers if dynamic else list(range(layers))
    yield {"kind": "start", "layers": layers, "vocabulary": vocabulary, "map": list(state),
           "tokens_per_step": 1024, "train_tokens": 600000,
           "planned_steps": 4 * (layers - 1) * options.episodes,
           "parameters": {"embedding": embedding, "layer": layer_parameters, "final": final,
                          "conventional": embedding + final + layers * layer_parameters},
           "memory": {"weights": 1, "gradients": 1, "optimizer": 2, "activations": 4, "total": 8},
           "agent": "qlearn" if dynamic else "fixed:independent"}
    epsilon, step, visit, seconds = 1.0, 0, 0, 0.0
    decay = options.decay or 0.01 ** (1 / options.episodes)
    floor = options.floor * (0.92 if dynamic else 1.0)
    habit = [rng.choice([0, 0, 0, 0, i, rng.randrange(i + 1)]) for i in range(layers)]
    evals = {"valid": [], "test": []}
    for episode in range(1, options.episodes + 1):
        progress = episode / options.episodes
        loss = math.log(floor) + (math.log(vocabulary) - math.log(floor)) / (1 + 12 * progress ** 0.8)
        for layer in range(1, layers):
            before = list(state)
            if dynamic:
                if rng.random() < 0.01:
                    habit[layer] = rng.randrange(layer + 1)
                state[layer] = rng.randrange(layer + 1) if rng.random() < epsilon else habit[layer]
            visit += 1
            independent = sum(s == i for i, s in enumerate(state))
            record = {"kind": "visit", "visit": visit, "episode": episode, "layer": layer,
                      "action": state[layer], "changed": before != state, "state": list(state),
                      "independent": independent, "stored": float(independent),
                      "parameters": embedding + final + independent * layer_parameters,
                      "info": {"epsilon": epsilon} if dynamic else {}}
            yield record
            for _ in range(4):
                step += 1
                noisy = loss + rng.gauss(0, 0.05) + 0.1 - 0.25 * progress
                yield {"kind": "step", "step": step, "episode": episode, "loss": noisy,
                       "norm": 1.0, "lr": 1e-3}
            if dynamic:
                noisy = loss + rng.gauss(0, 0.08)
                yield {"kind": "reward", "episode": episode, "layer": layer,
                       "perplexity": math.exp(noisy), "loss": noisy, "loss_before": noisy}
        for split in ("valid", "test"):
            value = loss + rng.gauss(0, 0.01) + (0.05 if split == "valid" else 0)
            evals[split].append(math.exp(value))
            yield {"kind": "eval", "episode": episode, "step": step, "split": split, "loss": value,
                   "perplexity": math.exp(value), "blocks": 20, "tokens": 20000, "full": True,
                   "nll": value * 20000, "text_bytes": 60000, "text_words": 11000,
                   "perplexity_per_word": math.exp(value * 20 / 11), "bits_per_byte": value / 3 / math.log(2)}
        seconds += (0.9 if dynamic else 1.0) * layers * 0.6
        yield {"kind": "timing", "episode": episode, "step": step, "seconds": seconds,
               "tokens_per_second": step * 1024 / seconds, "peak_resident": 90000000 + 1000 * episode}
        epsilon = max(epsilon * decay, 0.01)
    yield {"kind": "final", "steps": step, "episodes": options.episodes, "tokens": step * 1024,
           "state": state, "independent": independent, "stored": float(independent),
           "parameters": embedding + final + independent * layer_parameters,
           "best_test": best(evals["test"], evals["test"], "perplexity"),
           "best_valid": dict(best(evals["valid"], evals["test"], "test_perplexity"),
                              perplexity=min(evals["valid"]))}
    yield {"kind": "input", "role": "train", "name": f"{options.dataset}.train.tokens.msgpack.zst",
           "bytes": 1000000, "sha256": "0" * 64}


def best(values, test, key):
    at = min(range(len(values)), key=values.__getitem__)
    return {key: test[at], "episode": at + 1}


def main():
    parser = argparse.ArgumentParser(description="Writes run logs for the tests of dlt-report.")
    commands = parser.add_subparsers(dest="command", required=True)
    from_json = commands.add_parser("json")
    made_up = commands.add_parser("simulate")
    for command in (from_json, made_up):
        command.add_argument("--no-end", action="store_true", help="leave out the end record")
    made_up.add_argument("--layers", type=int, default=6)
    made_up.add_argument("--width", type=int, default=64)
    made_up.add_argument("--episodes", type=int, default=10)
    made_up.add_argument("--dataset", default="wiki2")
    made_up.add_argument("--method", default="dynamic")
    made_up.add_argument("--arch", default="gpt2")
    made_up.add_argument("--profile", default="quick")
    made_up.add_argument("--seed", type=int, default=1)
    made_up.add_argument("--decay", type=float)
    made_up.add_argument("--floor", type=float, default=30.0, help="perplexity that it falls to")
    made_up.add_argument("--label", action="append", default=[])
    options = parser.parse_args()
    records = map(json.loads, sys.stdin) if options.command == "json" else simulate(options)
    write(records, sys.stdout.buffer, end=not options.no_end)


if __name__ == "__main__":
    main()
