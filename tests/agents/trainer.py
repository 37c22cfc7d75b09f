"""The trainer's side of a conversation, for testing an agent: starts a command and talks to it.

    python3 trainer.py MODE COMMAND...

MODE: ready (print what it says of itself), play SEED VISITS (print each action and what the agent
tells of it), resume SEED VISITS CUT (the same, but a second process goes on from a blob after CUT).
"""
import subprocess
import sys
import types

import plain


class Agent:
    def __init__(self, command, layers=6, seed=1, **more):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ready = self.ask(kind="hello", protocol=1, layers=layers, seed=seed, config={}, **more)

    def tell(self, **message):
        self.process.stdin.write(plain.pack(message))
        self.process.stdin.flush()

    def ask(self, **message):
        self.tell(**message)
        plain.sys = types.SimpleNamespace(stdin=types.SimpleNamespace(buffer=self.process.stdout))
        return plain.get()

    def bye(self):
        self.tell(kind="bye")
        self.process.stdin.close()
        return self.process.wait()


def play(agent, state, first, last):
    """Visits first .. last - 1 of a made-up training."""
    layers = len(state)
    for n in range(first, last):
        episode, layer = divmod(n, layers - 1)
        episode, layer = episode + 1, layer + 1
        act = agent.ask(kind="ask", episode=episode, layer=layer, state=state)
        state[layer] = act["source"]
        print(episode, layer, act["source"], sorted(act["info"].items()))
        if agent.ready["reward"]:
            loss = 2 + n % 5 / 4 - state[2] / 8
            agent.tell(kind="reward", episode=episode, layer=layer, state=state,
                       perplexity=float(2**loss), loss=loss, loss_before=loss + 0.5)
        if layer == layers - 1:
            agent.tell(kind="episode", episode=episode)


def main():
    mode, *rest = sys.argv[1:]
    if mode == "ready":
        agent = Agent(rest)
        print(agent.ready)
    elif mode == "play":
        agent = Agent(rest[2:], seed=int(rest[0]))
        play(agent, list(agent.ready["start"]), 0, int(rest[1]))
    else:
        seed, visits, cut = map(int, rest[:3])
        agent = Agent(rest[3:], seed=seed)
        state = list(agent.ready["start"])
        play(agent, state, 0, cut)
        blob = agent.ask(kind="save")["blob"]
        assert agent.bye() == 0
        agent = Agent(rest[3:], seed=seed)
        agent.tell(kind="restore", blob=blob)
        play(agent, state, cut, visits)
    sys.exit(agent.bye())


main()
