#!/usr/bin/env python3
"""Dynamic layer tying as the released code does it (REFERENCE.md, section 4), in PyTorch, float64.

    python3 tests/reference/released.py > tests/golden/released.json

A layer is a module with parameters of its own. Tying it points each parameter's data at the
source's and takes its requires_grad away; nothing is ever copied. One AdamW has the parameters of
all layers, and steps those that have a gradient; where gradients are zeroed rather than dropped, a
tied layer's is zero and steps too (point 10). Dropout is off. The batch is always the whole text, so
that the order of blocks does not matter. The agent is told what to do, but in the last part, where
its Q-network learns from the rewards of a run.

Weights and rewards come from dlt-train and dlt-qagent, which have to be on PATH; so do dlt-tokenize
and zstdcat. tests/056-released.bats compares what this prints with what dlt-train does. Needs PyTorch.
"""
import io
import json
import os
import subprocess
import sys
import tempfile
import types

import torch
from torch.nn import functional

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "agents"))
import gpt2_reference as gpt2
import plain

TEXT = "the map of the layers is a map"
LAYERS, CONTEXT, STEPS, LR = 5, 8, 2, 3e-3
START = "00000"
EPISODES = ["1123", "0234", "1012", "0204", "1134"]
TRAIN = ["--layers", LAYERS, "--width", 8, "--heads", 2, "--context", CONTEXT, "--batch", 4,
         "--dropout", 0, "--lr", LR, "--steps-per-action", STEPS, "--episodes", len(EPISODES),
         "--semantics", "released", "--blocks", "released"]
AGENT_TRAIN = ["--layers", 5, "--width", 8, "--heads", 2, "--context", 8, "--batch", 4, "--dropout", 0,
               "--steps-per-action", 1, "--episodes", 12, "--blocks", "released"]
gpt2.WIDTH, gpt2.HEADS = 8, 2


# ---- Our files and programs -----------------------------------------------------------------------

def objects(data):
    plain.sys = types.SimpleNamespace(stdin=types.SimpleNamespace(buffer=io.BytesIO(data)))
    return list(iter(plain.get, None))


def records(path):
    return objects(subprocess.run(["zstdcat", path], check=True, capture_output=True).stdout)


def train(options, agent, **more):
    command = ["dlt-train", "--quiet", "--train", "tokens", "--agent", agent, *options]
    return subprocess.run([str(word) for word in command], stderr=subprocess.DEVNULL, **more)


def forced(*words):
    agent = os.path.join(os.path.dirname(plain.__file__), "forced.py")
    return " ".join(["exec", "python3", f"'{agent}'", *words])


def make_tokens():
    with open("bytes.bpe", "w", encoding="ascii") as file:
        file.write("#version: 0.2\n")  # no merges: a token is a byte
    subprocess.run(["dlt-tokenize", "encode", "--quiet", "--vocab", "bytes.bpe", "-o", "tokens"],
                   input=TEXT.encode(), check=True)
    found = [r for r in records("tokens") if r["kind"] == "tokens"]
    data = b"".join(r["data"] for r in found)
    return [int.from_bytes(data[i:i + 2], "little") for i in range(0, len(data), 2)]


def first_weights():
    """The weights before the first step, by name: the agent leaves when it is first asked."""
    train(TRAIN + ["--checkpoint", "first", "-o", "none"], forced(START))
    return {r["name"]: torch.frombuffer(bytearray(r["data"]), dtype=torch.float32).double()
            .reshape(r["shape"])
            for r in records("first") if r["kind"] == "tensor" and "moment" not in r["name"]}


# ---- The network, as the released code ties it ------------------------------------------------------

def blocks(ids, end_of_text):
    """Point 6: the last target of each block is the end of the text."""
    size = CONTEXT - 1
    pieces = [ids[i:i + size] for i in range(0, len(ids) - size + 1, size)]
    return (torch.tensor([[end_of_text] + piece for piece in pieces]),
            torch.tensor([piece + [end_of_text] for piece in pieces]))


class Network:
    def __init__(self, weights, zero_gradients):
        self.zero_gradients = zero_gradients
        self.base = {n: torch.nn.Parameter(w.clone()) for n, w in weights.items()
                     if not n.startswith("layers.")}
        self.layers = [{n.split(".", 2)[2]: torch.nn.Parameter(w.clone()) for n, w in weights.items()
                        if n.startswith(f"layers.{i}.")} for i in range(LAYERS)]
        for i in range(1, LAYERS):  # point 4: as they were made, but frozen
            self.freeze(i)
        # One parameter after the other, for those that share their data.
        self.optimizer = torch.optim.AdamW(
            [p for group in [self.base, *self.layers] for p in group.values()], lr=LR,
            betas=gpt2.BETAS, eps=gpt2.EPS, weight_decay=gpt2.DECAY, foreach=False)

    def freeze(self, layer):
        for p in self.layers[layer].values():
            p.requires_grad = False

    def act(self, layer, source):
        for name, p in self.layers[layer].items():
            if source == layer:  # points 2 and 9: the data stay, and so do the moments
                p.requires_grad = True
            else:  # points 1 and 3: only this layer's own pointer changes
                p.data = self.layers[source][name].data
        if source != layer:
            self.freeze(layer)

    def loss(self, inputs, targets):
        token = self.base["embedding.token.weight"]
        x = token[inputs] + self.base["embedding.position.weight"][:CONTEXT]
        for layer in self.layers:
            p = layer.__getitem__
            x = x + gpt2.attention(gpt2.norm(x, p("attention.norm.weight"),
                                             p("attention.norm.bias")), p)
            x = x + gpt2.feedforward(gpt2.norm(x, p("feedforward.norm.weight"),
                                               p("feedforward.norm.bias")), p)
        x = gpt2.norm(x, self.base["final.norm.weight"], self.base["final.norm.bias"])
        return functional.cross_entropy((x @ token.T).flatten(0, 1), targets.flatten())

    def step(self, inputs, targets):
        self.optimizer.zero_grad(set_to_none=not self.zero_gradients)
        loss = self.loss(inputs, targets)
        loss.backward()
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        torch.nn.utils.clip_grad_norm_(parameters, gpt2.CLIP)
        self.optimizer.step()
        return loss.item()

    def stored(self):
        return len({layer["attention.qkv.weight"].data_ptr() for layer in self.layers})


def play(weights, ids, zero_gradients):
    network, state = Network(weights, zero_gradients), [int(c) for c in START]
    inputs, targets = blocks(ids, 256)
    out = {"losses": [], "rewards": [], "stored": [], "independent": []}
    for actions in EPISODES:
        for layer in range(1, LAYERS):
            state[layer] = int(actions[layer - 1])
            network.act(layer, state[layer])
            out["stored"].append(network.stored())
            out["independent"].append(sum(s == i for i, s in enumerate(state)))
            out["losses"] += [network.step(inputs, targets) for _ in range(STEPS)]
            with torch.no_grad():
                out["rewards"].append(network.loss(inputs, targets).item())
    return out


# ---- The agent ----------------------------------------------------------------------------------

def first_q_network():
    """Its weights before it has learned, from the agent's own saved state."""
    agent = subprocess.Popen(["dlt-qagent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    told = [{"kind": "hello", "protocol": 1, "layers": LAYERS, "seed": 1, "config": {}},
            {"kind": "save"}, {"kind": "bye"}]
    answers = objects(agent.communicate(b"".join(plain.pack(m) for m in told))[0])
    data = objects(answers[1]["blob"][:-8])[0]["data"]
    hidden, outputs = 128, LAYERS * (LAYERS + 1) // 2
    network = torch.nn.Sequential(torch.nn.Linear(LAYERS, hidden), torch.nn.ReLU(),
                                  torch.nn.Linear(hidden, outputs))
    values = torch.frombuffer(bytearray(data), dtype=torch.float32)
    with torch.no_grad():
        for p in network.parameters():
            p.copy_(values[:p.numel()].view_as(p))
            values = values[p.numel():]
    return network


def slice_of(layer):
    start = layer * (layer + 1) // 2
    return slice(start, start + layer + 1)


def learn(log, clip, next_slice):
    """The Q-values and losses of a run's visits. `next_slice`: as a textbook's agent would look at
    the next layer's actions, which the released code does not (point 7)."""
    network, state, out = first_q_network(), [0] * LAYERS, {"q": [], "q_loss": []}
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.01)
    visits = [r for r in log if r["kind"] == "visit"]
    rewards = [r for r in log if r["kind"] == "reward"]
    for visit, reward in zip(visits, rewards):
        layer = visit["layer"]
        value = network(torch.tensor(state).float())[slice_of(layer)][visit["action"]]
        state = visit["state"]
        r = min(max(-reward["perplexity"], -clip), clip)  # point 5
        asked = layer % (LAYERS - 1) + 1 if next_slice else layer
        with torch.no_grad():
            target = r + 0.99 * network(torch.tensor(state).float())[slice_of(asked)].max()
        loss = (value - target) ** 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        out["q"].append(value.item())
        out["q_loss"].append(loss.item())
    return out


def rounded(value):
    if isinstance(value, dict):
        return {key: [round(x, 8) for x in numbers] for key, numbers in value.items()}
    return value


def main():
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        ids = make_tokens()
        weights = first_weights()
        train(AGENT_TRAIN + ["-o", "agent"], "dlt-qagent", check=True)
        log = records("agent")
        results = {
            "text": TEXT,
            "options": " ".join(str(word) for word in TRAIN),
            "actions": " ".join([START, *EPISODES]),
            "released": play(weights, ids, False),
            "ghost": play(weights, ids, True),
            "agent_options": " ".join(str(word) for word in AGENT_TRAIN),
            "agent": learn(log, 10, False),
            "agent_unclipped": learn(log, float("inf"), False),
            "agent_next_slice": learn(log, 10, True),
        }
    print("{" + ",\n ".join(f"{json.dumps(k)}: {json.dumps(rounded(v))}" for k, v in results.items())
          + "}")


if __name__ == "__main__":
    main()
