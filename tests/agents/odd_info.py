"""All layers independent; what is to be logged holds text that is not UTF-8."""
import sys

from plain import get, put

for message in iter(get, None):
    if message["kind"] == "hello":
        put(kind="ready", protocol=1, start=[0] * message["layers"], reward=False, save=False)
    elif message["kind"] == "ask":
        # {"kind": "act", "source": 0, "info": {"na\xefve": ["h\xe9", "h\xc3\xa9"]}}
        sys.stdout.buffer.write(b"\x83\xa4kind\xa3act\xa6source\x00\xa4info"
                                b"\x81\xa5na\xefve\x92\xa2h\xe9\xa3h\xc3\xa9")
        sys.stdout.buffer.flush()
