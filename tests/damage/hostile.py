#!/usr/bin/env python3
"""Files that are made to do harm, on standard output, without zstd.

    hostile.py claim NAME CONTENT        a header of that content, then a length that is not there
    hostile.py header CONTENT            a header alone
    hostile.py zeros BYTES               a record of that many zeros
    hostile.py many CONTENT COUNT RECORD a header, a run's start, and the same record again and again
    hostile.py ids COUNT                 a token file's beginning, with so many million ids
    hostile.py frame NAME                a zstd frame that asks for all memory there is
    hostile.py set PATH=VALUE ... <LINES a file as `dlt-cat --binary` prints it, with other values, and
                                         with digests that are right: PATH is kind.field.field, VALUE
                                         is JSON, or "-" for no field
    hostile.py poison TENSOR <LINES      a checkpoint, likewise, in which that tensor's numbers are NaN
    hostile.py each FOLDER VALUE ... <LINES    such a file for each field and value, in FOLDER
"""
import base64
import copy
import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import format as records  # noqa: E402

BINARY = ("data", "blob", "bytes", "flags", "words", "newlines", "ends")
CLAIMS = {
    "array": b"\x81\xa1a\xdd\xff\xff\xff\xff", "map": b"\xdf\xff\xff\xff\xff",
    "binary": b"\x81\xa1a\xc6\xff\xff\xff\xff", "string": b"\x81\xa1a\xdb\xff\xff\xff\xff",
    "extension": b"\x81\xa1a\xc9\xff\xff\xff\xff\x01", "nested": b"\x81\xa1a" + b"\x91" * 10000,
    "nested-maps": b"\x81\xa1a" * 10000, "values": b"\x81\xa1a\xdd\x00\x0f\xff\xf0",
    "kind": b"\x81\xa4kind\xdb\x01\x00\x00\x00",
}
MAGIC = b"\x28\xb5\x2f\xfd"
FRAMES = {
    "window": MAGIC + b"\x04\xa8",  # 2^31 bytes of window
    "largest-window": MAGIC + b"\x04\xff",
    "size": MAGIC + b"\xe4" + struct.pack("<Q", 1 << 62),  # one segment, as large as it says
    "size-with-window": MAGIC + b"\xc4\x50" + struct.pack("<Q", 1 << 62),
    "skippable": b"\x50\x2a\x4d\x18\xff\xff\xff\xff",
}


def header(content):
    return {"kind": "header", "format": "dlt", "version": 1, "content": content, "program": "x",
            "config": {}}


def finish(lines):
    """Packs the records, and an end record with their digests."""
    packed = [(r["kind"], records.pack(r)) for r in lines]
    everything = b"".join(data for _, data in packed)
    content = b"".join(data for kind, data in packed if kind not in ("env", "timing", "input"))
    return everything + records.pack({"kind": "end", "records": len(packed),
                                      "xxh64": "%016x" % records.xxh64(everything),
                                      "content_xxh64": "%016x" % records.xxh64(content)})


def read_lines():
    lines = [json.loads(line) for line in sys.stdin]
    for record in lines:
        for key in BINARY:
            if isinstance(record.get(key), str):
                record[key] = {"hex": base64.b64decode(record[key]).hex()}
    return [record for record in lines if record["kind"] != "end"]


def walk(value, path):
    if isinstance(value, dict) and list(value) != ["hex"]:
        for key, inner in value.items():
            yield from walk(inner, path + [key])
    else:
        yield path


def set_value(lines, path, value):
    for record in lines:
        inner = record
        if record["kind"] != path[0]:
            continue
        for key in path[1:-1]:
            inner = inner.get(key, {})
        if path[-1] in inner:
            if value == "-":
                del inner[path[-1]]
            else:
                inner[path[-1]] = json.loads(value)
            return
    sys.exit("no field " + ".".join(path))


def main():
    command, arguments, out = sys.argv[1], sys.argv[2:], sys.stdout.buffer
    if command == "claim":
        out.write(records.pack(header(arguments[1])) + CLAIMS[arguments[0]])
    elif command == "header":
        out.write(records.pack(header(arguments[0])))
    elif command == "zeros":
        size = int(arguments[0])
        out.write(b"\x82\xa4kind\xa5zeros\xa4data\xc6" + struct.pack(">I", size))
        for _ in range(size >> 20):
            out.write(bytes(1 << 20))
    elif command == "many":
        out.write(records.pack(header(arguments[0])))
        out.write(records.pack({"kind": "start", "layers": 2, "map": [0, 0]}))
        block = records.pack(json.loads(arguments[2])) * 1000
        for _ in range(int(arguments[1]) // 1000):
            out.write(block)
    elif command == "ids":
        out.write(records.pack(header("tokens")))
        out.write(records.pack({"kind": "vocabulary", "model": "bpe", "size": 1, "sha256": "0",
                                "bytes": {"hex": "0100"}, "flags": {"hex": "00"},
                                "words": {"hex": "00"}, "newlines": {"hex": "00"}}))
        block = records.pack({"kind": "tokens", "width": 2, "data": {"hex": "0" * 4000000}})
        for _ in range(int(arguments[0])):
            out.write(block)
    elif command == "frame":
        out.write(FRAMES[arguments[0]])
    elif command == "poison":
        lines = read_lines()
        tensors = [r for r in lines if r["kind"] == "tensor" and r["name"] == arguments[0]]
        for tensor in tensors:
            tensor["data"]["hex"] = "0000c07f" * (len(tensor["data"]["hex"]) // 8)
        out.write(finish(lines) if tensors else sys.exit("no tensor " + arguments[0]))
    elif command == "set":
        lines = read_lines()
        for argument in arguments:
            path, _, value = argument.partition("=")
            set_value(lines, path.split("."), value)
        out.write(finish(lines))
    elif command == "each":
        lines = read_lines()
        paths = {".".join(path) for record in lines for path in walk(record, [record["kind"]])}
        for path in sorted(p for p in paths if not p.endswith(".kind")):
            for i, value in enumerate(arguments[1:]):
                changed = copy.deepcopy(lines)
                set_value(changed, path.split("."), value)
                with open(f"{arguments[0]}/{path}-{i}", "wb") as file:
                    file.write(finish(changed))
    else:
        sys.exit("no command " + command)


main()
