from plain import get, put  # or any msgpack library

# Pairs: layers 0 and 1 share weights, then 2 and 3, and so on.
for message in iter(get, None):
    if message["kind"] == "hello":
        put(kind="ready", protocol=1, start=[0] * message["layers"], reward=False, save=True)
    elif message["kind"] == "ask":
        put(kind="act", source=message["layer"] // 2 * 2)
    elif message["kind"] == "save":
        put(kind="saved", blob=b"")
