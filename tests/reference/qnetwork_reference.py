"""Numbers of the Q-network and its AdamW by PyTorch, for tests/unit/agent/qnetwork.c.

    python3 tests/reference/qnetwork_reference.py > tests/unit/agent/qnetwork_numbers.h

Weights and transitions come from simple formulas, the same here and there. The first STEPS updates
learn from one transition each, by the network itself; the rest from BATCH at a time, their targets
by the weights as they were after the first STEPS.
"""
import copy

import torch

L, HIDDEN, STEPS, BATCHED, BATCH = 7, 24, 60, 40, 3
OUTPUTS = L * (L + 1) // 2


def transition(n):
    """The n-th: layer, action, reward, state, next state."""
    layer = 1 + n % (L - 1)
    action = (n * 5 + n // 7) % (layer + 1)
    state = [(n * 3 + i * 5 + i * n) % (i + 1) for i in range(L)]
    following = list(state)
    following[layer] = action
    return layer, action, -10.0 + (n * 13 % 29) / 2, state, following


def slice_of(layer):
    start = layer * (layer + 1) // 2
    return slice(start, start + layer + 1)


def network():
    net = torch.nn.Sequential(torch.nn.Linear(L, HIDDEN), torch.nn.ReLU(),
                              torch.nn.Linear(HIDDEN, OUTPUTS))
    k = 0
    with torch.no_grad():
        for p in net.parameters():
            flat = [((k + j) * 37 % 101 - 50) / 256 for j in range(p.numel())]
            k += p.numel()
            p.copy_(torch.tensor(flat).view_as(p))
    return net


def vector(state):
    return torch.tensor(state, dtype=torch.float)


def main():
    torch.set_num_threads(1)
    net = network()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01)
    losses, judge = [], net
    for n in range(STEPS + BATCHED):
        if n == STEPS:
            judge = copy.deepcopy(net)
        batch = [n] if n < STEPS else [n * BATCH + b for b in range(BATCH)]
        optimizer.zero_grad()
        loss = 0
        for t in batch:
            layer, action, reward, state, following = transition(t)
            with torch.no_grad():
                target = torch.tensor(reward).clip(-10, 10) + 0.99 * torch.max(
                    judge(vector(following))[slice_of(layer)])
            loss = loss + torch.nn.functional.mse_loss(
                net(vector(state))[slice_of(layer)][action], target) / len(batch)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    weights = torch.cat([p.detach().flatten() for p in net.parameters()])
    print(f"// Made by tests/reference/qnetwork_reference.py with PyTorch {torch.__version__.split('+')[0]}.")
    print("enum {")
    for name in ("HIDDEN", "STEPS", "BATCHED", "BATCH"):
        print(f"    REFERENCE_{name} = {globals()[name]},")
    print(f"    REFERENCE_LAYERS = {L},\n    REFERENCE_PARAMETERS = {weights.numel()},\n}};")
    for name, values in (("losses", losses), ("weights", weights.tolist())):
        print(f"static const float reference_{name}[] = {{")
        for at in range(0, len(values), 6):
            row = ", ".join(float(v).hex() + "F" for v in values[at:at + 6])
            print(f"    {row},")
        print("};")


main()
