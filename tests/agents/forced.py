"""forced.py START ACTIONS...: does as it is told. START: a digit per layer; ACTIONS: an episode each,
a digit per layer from 1 on. Without actions it leaves at the first question.
"""
import sys

from plain import get, put

start, episodes = [int(c) for c in sys.argv[1]], sys.argv[2:]
for message in iter(get, None):
    if message["kind"] == "hello":
        put(kind="ready", protocol=1, start=start, reward=True, save=False, policy="forced")
    elif message["kind"] == "ask" and episodes:
        put(kind="act", source=int(episodes[message["episode"] - 1][message["layer"] - 1]))
    elif message["kind"] == "ask":
        sys.exit(0)
