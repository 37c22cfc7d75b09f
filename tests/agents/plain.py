"""msgpack messages on standard input and output, with nothing but the standard library."""
import struct
import sys

LENGTHS = {0xC4: "B", 0xC5: "H", 0xC6: "I", 0xD9: "B", 0xDA: "H", 0xDB: "I",
           0xDC: "H", 0xDD: "I", 0xDE: "H", 0xDF: "I"}
NUMBERS = {0xCA: "f", 0xCB: "d", 0xCC: "B", 0xCD: "H", 0xCE: "I", 0xCF: "Q",
           0xD0: "b", 0xD1: "h", 0xD2: "i", 0xD3: "q"}


def number(code):
    return struct.unpack(">" + code, sys.stdin.buffer.read(struct.calcsize(code)))[0]


def get():
    """The next object, or None at the end of the input."""
    first = sys.stdin.buffer.read(1)
    if not first:
        return None
    tag = first[0]
    if tag < 0x80 or tag >= 0xE0:
        return tag if tag < 0x80 else tag - 256
    if tag in NUMBERS:
        return number(NUMBERS[tag])
    if tag in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[tag]
    length = number(LENGTHS[tag]) if tag in LENGTHS else tag & (0x1F if tag >= 0xA0 else 0x0F)
    if tag < 0x90 or tag >= 0xDE:
        return {get(): get() for _ in range(length)}
    if tag < 0xA0 or tag in (0xDC, 0xDD):
        return [get() for _ in range(length)]
    data = sys.stdin.buffer.read(length)
    return data if tag in (0xC4, 0xC5, 0xC6) else data.decode()


def pack(value):
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return struct.pack(">Bq", 0xD3, value)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xCB, value)
    if isinstance(value, str):
        return struct.pack(">BI", 0xDB, len(value.encode())) + value.encode()
    if isinstance(value, bytes):
        return struct.pack(">BI", 0xC6, len(value)) + value
    if isinstance(value, dict):
        return struct.pack(">BI", 0xDF, len(value)) + b"".join(
            pack(k) + pack(v) for k, v in value.items())
    return struct.pack(">BI", 0xDD, len(value)) + b"".join(map(pack, value))


def put(**message):
    sys.stdout.buffer.write(pack(message))
    sys.stdout.buffer.flush()
