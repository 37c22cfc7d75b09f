#!/usr/bin/env python3
"""Hard text for tokenisers, the same for the same seed.

usage: tokenize_hard.py BYTES [SEED] [--bytes]

White space of every kind, CRLF, contractions in every case, words of many scripts, combining marks,
numbers, symbols, NUL, long words, runs of one character. The first 13 MB hold every code point. With
--bytes: invalid UTF-8 among it (and only code points that all Unicode versions in use agree on).
"""
import random
import sys
import unicodedata

SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
NEAR_SPACES = "\x1c\x1d\x1e\x1f\u180e\u200b\u200c\u200d\u2060\ufeff\0\x08\x7f"
CONTRACTIONS = [a + b for a in ("'", "\u2019", " '", "''", "x'") for b in (
    "s", "t", "re", "ve", "m", "ll", "d", "S", "T", "RE", "Re", "rE", "VE", "M", "LL", "Ll", "lL",
    "D", "r", "v", "l", "sx", "rex", "llama", "1", "", "ſ")]
WORDS = ["the", "The", "in", "of", "newspaper", "a", "I", "hello", "World", "über", "naïve", "слово",
         "λόγος", "שלום", "مرحبا", "नमस्ते", "สวัสดี", "日本語", "한국어", "Ǆ", "ﬁ", "ẞ", "İ", "ʰ", "ª"]
NUMBERS = ["1", "12", "1999", "3.14", "1,000", "²", "½", "٣", "Ⅷ", "१२", "〇", "㊿", "𝟘"]
SYMBOLS = ["@-@", "<unk>", "...", "—", "«", "»", "!?", "$", "€", "😀", "👨‍👩‍👧", "🇩🇪", "<|endoftext|>",
           "<|endof", "|>", "\u0301", "e\u0301", "\u20dd", "\u0b3e", "\ue000", "\U0010ffff", "\ufffd"]


def every_code_point():
    for point in range(0x110000):
        if not 0xD800 <= point < 0xE000:
            c = chr(point)
            yield f"a{c}1{c}.{c} {c}{c}\n"


def marks_in_every_order():
    """Combining marks of every class, three in a row, and some that none moves past."""
    classes = {}
    for point in range(0x110000):
        if unicodedata.combining(chr(point)):
            kind = unicodedata.category(chr(point)), unicodedata.combining(chr(point))
            classes.setdefault(kind, chr(point))
    marks = [*classes.values(), "\u034f", "\u0c48", "\u200d", "\U0001d15e", "\U0001d165", "\u302e"]
    for a in marks:
        for b in marks:
            yield f"a{a}{b} {a}{b}\u302e\U0001d165{a}. \u302e{a}{b}\U0001d165\n"


def settled(point):
    """Assigned in an old version of Unicode: no version in use disagrees about its class."""
    return not 0xD800 <= point < 0xE000 and unicodedata.ucd_3_2_0.category(chr(point)) not in (
        "Cn", "Co", "Cs")


def piece(r):
    kind = r.randrange(14)
    if kind == 0:
        return "".join(r.choice(SPACES) for _ in range(r.randrange(1, 6)))
    if kind == 1:
        return r.choice(CONTRACTIONS)
    if kind == 2:
        return r.choice(NUMBERS) * r.randrange(1, 4)
    if kind == 3:
        return r.choice(SYMBOLS)
    if kind == 4:
        return r.choice(NEAR_SPACES)
    if kind == 5:
        return r.choice([" ", "  ", "\n", "\r\n", "\n\n", " \n", "\t", "   ", "\r"])
    if kind == 6:
        return "".join(chr(r.randrange(33, 127)) for _ in range(r.randrange(1, 12)))
    if kind == 7:
        block = r.randrange(0, 0x2FF) * 0x80
        points = (block + r.randrange(0x80) for _ in range(r.randrange(1, 10)))
        return "".join(chr(p) for p in points if settled(p))
    if kind == 8 and r.randrange(200) == 0:
        return r.choice(list("a \n'.1é語") + ["ab", "'s", " a"]) * r.randrange(1, 5000)
    if kind == 9 and r.randrange(1000) == 0:
        return "".join(chr(r.randrange(97, 123)) for _ in range(r.randrange(1, 20000)))
    if kind == 10:
        return "".join(chr(r.randrange(97, 123)) for _ in range(r.randrange(1, 25)))
    return " " * r.randrange(2) + r.choice(WORDS)


def invalid(r):
    kind = r.randrange(5)
    if kind == 0:
        return bytes(r.randrange(128, 256) for _ in range(r.randrange(1, 5)))
    if kind == 1:
        return r.choice([b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
                         b"\xf8\x88\x80\x80\x80", b"\xc1\xbf", b"\xff\xfe", b"\xf0\x80\x80\x80"])
    whole = r.choice(["é", "語", "😀", "\u3000", "\u2003"]).encode()
    return whole[:-1] if kind == 2 else whole[1:] if kind == 3 else whole + whole[-1:]


def generate(size, seed=1, with_invalid=False):
    r = random.Random(seed)
    parts, length = [], 0
    if not with_invalid and size > 13_000_000:
        parts = ["".join(every_code_point()).encode()]
        length = len(parts[0])
    while length < size:
        part = invalid(r) if with_invalid and r.randrange(4) == 0 else piece(r).encode()
        parts.append(part)
        length += len(part)
    return b"".join(parts)


if __name__ == "__main__":
    arguments = [a for a in sys.argv[1:] if a != "--bytes"]
    sys.stdout.buffer.write(generate(int(arguments[0]), int(arguments[1]) if arguments[1:] else 1,
                                     "--bytes" in sys.argv))
