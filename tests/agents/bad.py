"""bad.py HOW [EPISODE]: a random agent that goes wrong in the given episode (2), unless the file
'healed' is there. It keeps its generator in the blob, so that a run goes on as if nothing had been.

HOW: well, no-save; TERM, INT, KILL (sends the trainer that signal, and goes on well); TERM-both (and
itself; where the file 'again' is, as soon as it is restored); dies, closes, nonsense, range, negative,
text, wrong (kind), twice (answers), chatty, chatty-bytes, chatty-keys, list (info), hangs, pauses (stops the trainer for 3.5 s, and
takes another 0.3 s), dies-on-reward, hangs-on-save; and at the start already: start-range, start-short,
start-dies, start-nothing, start-numbers (where true or false is asked for).
"""
import os
import signal
import struct
import sys
import time

from plain import get, put

how = sys.argv[1]
when = int(sys.argv[2]) if len(sys.argv) > 2 else 2
state = 1


def draw(n):
    global state
    state = (state * 1103515245 + 12345) % 2**31
    return (state >> 8) % n


def stop_both():
    os.kill(os.getppid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)


def go_wrong(layer):
    if how == "dies":
        sys.exit(7)
    if how == "closes":
        os.close(1)
        time.sleep(60)
    if how == "nonsense":
        sys.stdout.buffer.write(b"\xc1" * 100)
        sys.stdout.buffer.flush()
    if how == "hangs":
        time.sleep(60)
    if how == "pauses":
        open("paused", "w").close()
        time.sleep(0.3)  # until it waits
        os.kill(os.getppid(), signal.SIGSTOP)
        time.sleep(3.5)
        os.kill(os.getppid(), signal.SIGCONT)
        time.sleep(0.3)
        put(kind="act", source=draw(layer + 1))
        return
    if how in ("TERM", "INT", "KILL"):
        os.kill(os.getppid(), getattr(signal, "SIG" + how))
        put(kind="act", source=draw(layer + 1), info={"epsilon": 1.0})
        return
    if how == "TERM-both":
        stop_both()
    info = {"chatty": lambda: {f"x{i}": i for i in range(40000)},
            "chatty-bytes": lambda: {"x": b"\xff" * (1 << 20)},
            "chatty-keys": lambda: {tuple(range(70000)): 1},
            "list": lambda: [1]}.get(how)
    put(kind="saved" if how == "wrong" else "act",
        source={"range": layer + 1, "negative": -1, "text": "0"}.get(how, 0),
        **({"info": info()} if info else {}))
    if how == "twice":
        put(kind="act", source=0)


def start(message):
    layers = message["layers"]
    if how == "start-dies":
        sys.exit(0)
    if how == "start-nothing":
        time.sleep(60)
    first = [0] * layers
    if how == "start-range":
        first[1] = 5
    if how == "start-short":
        first = [0]
    put(kind="ready", protocol=1, start=first, reward=1 if how == "start-numbers" else True,
        save=how != "no-save", policy="bad")


for message in iter(get, None):
    kind = message["kind"]
    broken = how not in ("well", "no-save") and message.get("episode", 0) >= when
    broken = broken and not os.path.exists("healed")
    if kind == "hello":
        start(message)
    elif kind == "ask" and broken and "-on-" not in how and message["layer"] == 2:
        go_wrong(message["layer"])
    elif kind == "ask":
        put(kind="act", source=draw(message["layer"] + 1), info={"epsilon": 1.0})
    elif kind == "reward" and how == "dies-on-reward" and broken:
        sys.exit(3)
    elif kind == "reward":
        draw(2 + int(min(message["perplexity"], 1e300)) % 7)  # what it is told matters
    elif kind == "save" and how == "hangs-on-save" and not os.path.exists("healed") and state != 1:
        time.sleep(60)
    elif kind == "save":
        put(kind="saved", blob=struct.pack("<I", state))
    elif kind == "restore":
        state = struct.unpack("<I", message["blob"])[0]
        if how == "TERM-both" and os.path.exists("again"):
            open("restored", "w").close()
            stop_both()
