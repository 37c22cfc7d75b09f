#!/usr/bin/env python3
"""Makes lib/text/unicode_table.h: what of all code points is a letter, a number or white space for
tiktoken, which cuts text by GPT-2's pattern.

usage: character_classes.py >lib/text/unicode_table.h

tiktoken is asked about every code point, so that the table has its version of Unicode. Needs the
Python package tiktoken.
"""
import tiktoken

from c_table import print_items

PAGE, WORD = 128, 16  # code points
PATTERNS = (r"\p{L}", r"\p{N}", r"\s")  # classes 1, 2, 3; 0 is all else


def matches(pattern):
    """The code points that the pattern matches: an encoding has ids for nothing else."""
    every = "".join(chr(p) for p in range(0x110000) if not 0xD800 <= p < 0xE000)
    encoding = tiktoken.Encoding("class", pat_str=pattern, special_tokens={},
                                 mergeable_ranks={bytes([b]): b for b in range(256)})
    return [ord(c) for c in bytes(encoding.encode_ordinary(every)).decode()]


def words(classes):
    """Two bits a class, the first lowest."""
    return tuple(sum(c << 2 * i for i, c in enumerate(classes[at:at + WORD]))
                 for at in range(0, len(classes), WORD))


def main():
    classes = [0] * 0x110000
    for number, pattern in enumerate(PATTERNS, 1):
        for point in matches(pattern):
            assert classes[point] == 0, hex(point)
            classes[point] = number
    end = (max(p for p, c in enumerate(classes) if c) // PAGE + 1) * PAGE
    pages = [words(classes[at:at + PAGE]) for at in range(0, end, PAGE)]
    kinds = {page: None for page in pages}  # in the order in which they appear
    numbers = {page: number for number, page in enumerate(kinds)}
    assert len(numbers) <= 256
    print(f"""// Made by tests/reference/character_classes.py from tiktoken {tiktoken.__version__}; do not edit.
#ifndef DLT_TEXT_UNICODE_TABLE_H
#define DLT_TEXT_UNICODE_TABLE_H

#include <stdint.h>

// clang-format off

enum {{ PAGE_POINTS = {PAGE}, WORD_POINTS = {WORD} }};

// The page of every {PAGE} code points; beyond these nothing is a letter, a number or white space.""")
    print("static const uint8_t PAGES[] = {")
    print_items(f"{numbers[page]}," for page in pages)
    print("// The pages, one after another: a class takes two bits, the first of a word the lowest.")
    print("static const uint32_t CLASSES[] = {")
    print_items(f"0x{word:X}," for page in kinds for word in page)
    print("#endif")


if __name__ == "__main__":
    main()
