"""Ties every layer to the first one in odd episodes, and makes each independent in even ones."""
from plain import get, put

for message in iter(get, None):
    if message["kind"] == "hello":
        put(kind="ready", protocol=1, start=list(range(message["layers"])), reward=False, save=True)
    elif message["kind"] == "ask":
        put(kind="act", source=0 if message["episode"] % 2 else message["layer"])
    elif message["kind"] == "save":
        put(kind="saved", blob=b"")
