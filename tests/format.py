"""The format, written a second time: JSON lines on standard input become plain msgpack records with
a true end record on standard output. No library besides Python's own.

    format.py [--no-end] [--records N] [--digest HEX]      N, HEX: what the end record says instead
"""
import argparse
import json
import struct
import sys

MASK = 2**64 - 1
P1, P2, P3 = 11400714785074694791, 14029467366897019727, 1609587929392839161
P4, P5 = 9650029242287828579, 2870177450012600261


def rotate(x, bits):
    return (x << bits | x >> (64 - bits)) & MASK


def mix(lane, word):
    return rotate((lane + word * P2) & MASK, 31) * P1 & MASK


def xxh64(data):
    """XXH64 with seed 0."""
    at = 0
    if len(data) >= 32:
        lanes = [(P1 + P2) & MASK, P2, 0, -P1 & MASK]
        while at + 32 <= len(data):
            lanes = [mix(v, w) for v, w in zip(lanes, struct.unpack_from("<4Q", data, at))]
            at += 32
        h = sum(rotate(v, r) for v, r in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            h = ((h ^ mix(0, lane)) * P1 + P4) & MASK
    else:
        h = P5
    h = (h + len(data)) & MASK
    while at + 8 <= len(data):
        word = struct.unpack_from("<Q", data, at)[0]
        h = (rotate(h ^ mix(0, word), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= len(data):
        word = struct.unpack_from("<I", data, at)[0]
        h = (rotate(h ^ word * P1 & MASK, 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        h = rotate(h ^ byte * P5 & MASK, 11) * P1 & MASK
    h = (h ^ h >> 33) * P2 & MASK
    h = (h ^ h >> 29) * P3 & MASK
    return h ^ h >> 32


def pack(value):
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return struct.pack(">BQ", 0xCF, value) if value >= 0 else struct.pack(">Bq", 0xD3, value)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xCB, value)
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogateescape")
        return struct.pack(">BI", 0xDB, len(data)) + data
    if isinstance(value, list):
        return struct.pack(">BI", 0xDD, len(value)) + b"".join(map(pack, value))
    if list(value) == ["hex"]:  # {"hex": "00ff"} stands for a binary field
        data = bytes.fromhex(value["hex"])
        return struct.pack(">BI", 0xC6, len(data)) + data
    fields = b"".join(pack(k) + pack(v) for k, v in value.items())
    return struct.pack(">BI", 0xDF, len(value)) + fields


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-end", action="store_true")
    parser.add_argument("--records", type=int)
    parser.add_argument("--digest")
    options = parser.parse_args()
    records = [json.loads(line) for line in sys.stdin]
    everything = b"".join(map(pack, records))
    volatile = ("env", "timing", "input")
    content = b"".join(pack(r) for r in records if r["kind"] not in volatile)
    sys.stdout.buffer.write(everything)
    if not options.no_end:
        end = {
            "kind": "end",
            "records": len(records) if options.records is None else options.records,
            "xxh64": "%016x" % xxh64(everything),
            "content_xxh64": options.digest or "%016x" % xxh64(content),
        }
        sys.stdout.buffer.write(pack(end))


if __name__ == "__main__":
    main()
