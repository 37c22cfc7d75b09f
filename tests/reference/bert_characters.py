#!/usr/bin/env python3
"""Makes lib/text/bert_characters_table.h: what the tokenizers library's BertNormalizer and
BertPreTokenizer do with each code point.

usage: bert_characters.py >lib/text/bert_characters_table.h

The library is asked about every code point, so that the table has its versions of Unicode (there
are several in it). Needs the Python package tokenizers.
"""
import unicodedata

from tokenizers import __version__, normalizers, pre_tokenizers

from c_table import print_items

CASED = normalizers.BertNormalizer(strip_accents=None, lowercase=False)
UNCASED = normalizers.BertNormalizer(strip_accents=None, lowercase=True)
SPLIT = pre_tokenizers.BertPreTokenizer()
NFD = normalizers.NFD()
POINTS = [p for p in range(0x110000) if not 0xD800 <= p < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)  # decomposed by arithmetic
IDEOGRAPHS = (range(0xF900, 0xFAFF + 1), range(0x2F800, 0x2FA1F + 1))  # a list each
HIGH, LOW = "\u302e", "\U0001d165"  # marks that stay; classes 224 and 216


def char_class(p):
    """What becomes of a character that stands between letters."""
    c = chr(p)
    got = CASED.normalize_str(f"a{c}b")[1:-1]
    if got == "":
        return "DROPPED"
    if got == " ":
        return "SPACE"
    if got == f" {c} ":
        return "IDEOGRAPH"
    assert got == c, hex(p)
    if len(SPLIT.pre_tokenize_str(f"a{c}b")) == 3:
        return "MARK"
    if UNCASED.normalize_str(f"a{c}b") == "ab":
        return "ACCENT"
    return "OTHER"


def swaps(middle, last):
    """Whether the canonical order brings `last` before HIGH, with `middle` between."""
    return last in UNCASED.normalize_str(f"a{HIGH}{middle}{last}").split(HIGH)[0]


def combining(p, kind):
    """The canonical combining class, as far as it matters: 0 or not for what is stripped."""
    c = chr(p)
    if kind == "ACCENT":
        return 0 if not swaps(c, LOW) else 1
    if kind != "OTHER" or NFD.normalize_str(c) != c or not swaps(c, LOW):
        return 0
    known = unicodedata.combining(c)
    assert known, hex(p)
    if known < 224:
        assert swaps("", c), hex(p)
    if known > 224:
        assert HIGH in UNCASED.normalize_str(f"a{c}{HIGH}").split(c)[0], hex(p)
    return known


def runs(items):
    """(first, last, what) of neighbours alike."""
    found = []
    for p, what in items:
        if found and found[-1][1] == p - 1 and found[-1][2] == what:
            found[-1][1] = p
        else:
            found.append([p, p, what])
    return found


def fold_runs(folds):
    """(first, last, step, target, target_step): step from one character to the next, and from what
    it becomes to what the next one becomes."""
    found = []
    for p, t in folds:
        if found:
            run = found[-1]
            step, target_step = p - run[1], t - run[5]
            fresh = run[0] == run[1]
            if step <= 2 and (target_step in (0, 1, 2) if fresh
                              else (step, target_step) == (run[2], run[4])):
                run[1], run[2], run[4], run[5] = p, step, target_step, t
                continue
        found.append([p, p, 1, t, 0, t])
    return found


def table(declaration, rows):
    print(f"static const {declaration} = {{")
    print_items(rows)


def main():
    kinds = {p: char_class(p) for p in POINTS}
    classes = [(p, (k, combining(p, k))) for p, k in kinds.items()]
    folds, sequences, lists = [], [], {r: [0] * len(r) for r in IDEOGRAPHS}
    for p, kind in kinds.items():
        if kind in ("DROPPED", "SPACE", "ACCENT"):
            continue
        got = UNCASED.normalize_str(f"a{chr(p)}b")[1:-1].strip(" ")
        if p in HANGUL:
            s = p - 0xAC00
            want = [0x1100 + s // 588, 0x1161 + s % 588 // 28, 0x11A7 + s % 28]
            assert got == "".join(map(chr, want[:3 if s % 28 else 2])), hex(p)
            continue
        assert len(got) <= len(chr(p).encode()), hex(p)  # no more ids than bytes
        if kind in ("MARK", "IDEOGRAPH"):
            assert len(got) == 1 and (kinds[ord(got)] == kind or kind == "IDEOGRAPH"), hex(p)
        if got == chr(p):
            continue
        if p in IDEOGRAPHS[0] or p in IDEOGRAPHS[1]:
            r = IDEOGRAPHS[p in IDEOGRAPHS[1]]
            lists[r][p - r[0]] = ord(got)
        elif len(got) == 1:
            folds.append((p, ord(got)))
        else:
            sequences.append((p, got))

    print(f"""// Made by tests/reference/bert_characters.py from the tokenizers library {__version__}; do not edit.
#ifndef DLT_TEXT_BERT_CHARACTERS_TABLE_H
#define DLT_TEXT_BERT_CHARACTERS_TABLE_H

#include <stdint.h>

// clang-format off
""")
    print("// Every code point that is not BERT_OTHER of combining class 0, in ascending order.")
    table("""struct {
    uint32_t first, last;
    uint8_t class, combining;
} CLASSES[]""", [f"{{0x{a:X}, 0x{b:X}, BERT_{k}, {cc}}}," for a, b, (k, cc) in runs(classes)
                 if (k, cc) != ("OTHER", 0)])
    print("// What a character becomes without accents and in lower case: `target` the first one, every")
    print("// `step`th one further `target_step` more.")
    table("""struct {
    uint32_t first, last, target;
    uint8_t step, target_step;
} FOLDS[]""", [f"{{0x{a:X}, 0x{b:X}, 0x{t:X}, {s}, {ts}}},"
               for a, b, s, t, ts, _ in fold_runs(folds)])
    print("// Those that become several characters.")
    table("""struct {
    uint32_t first, targets[3];
} SEQUENCES[]""", ["{0x%X, {%s}}," % (p, ", ".join(f"0x{ord(c):X}" for c in s))
                   for p, s in sequences])
    for name, r in zip(("IDEOGRAPHS", "MORE_IDEOGRAPHS"), IDEOGRAPHS):
        print(f"// From {name}_FIRST up; 0: itself.")
        print(f"enum {{ {name}_FIRST = 0x{r[0]:X} }};")
        table(f"uint32_t {name}[{len(r)}]", [f"0x{t:X}," if t else "0," for t in lists[r]])
    print("#endif")


if __name__ == "__main__":
    main()
