#!/usr/bin/env python3
"""Makes tests/golden/tokenize/: a small vocabulary, and the ids of nasty texts.

usage: DLT_DATA=FOLDER tokenize_golden.py

small.bpe is trained by the tokenizers library on tokenize_hard.py's text; small.tsv and gpt2.tsv
hold, a line each, a text in hexadecimal and tiktoken's ids for it, with small.bpe and with GPT-2's
vocab.bpe. small.txt is a WordPiece vocabulary trained by the tokenizers library, another one each time
(its trainer breaks ties at random), and NAME-uncased.tsv and NAME-cased.tsv hold that library's ids,
with small.txt and with BERT's vocabularies. Needs the Python packages tiktoken, tokenizers and regex.
"""
import json
import os
import random

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

import tokenize_compare
from tokenize_hard import generate, invalid, piece
from tokenize_others import SPECIALS, bert, bert_ids, gpt2, gpt2_encoding

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "tokenize")
NASTY = [
    "Hello world", "", " ", "  ", "   a", "a   ", "a\n\n\nb", "a \n b", "\r\n\r\nx", "\t\tx\t",
    "don't DON'T we'll WE'LL they're 'tis 've 'VE ''s x's 's", "'s't're've'm'll'd", "'llama 'rex",
    "abc123def 4.5 ²½٣", "...!!! (what?) -- <unk> @-@", "\0\0 \0a", "a\u00a0b\u2003\u2003c\u3000",
    "\u0085\u200bx\u180e", "naïve über слово שלום 日本語 한국어", "e\u0301\u20dd नमस्ते", "😀👨‍👩‍👧🇩🇪",
    "a" * 100, "ab" * 60, " " * 70 + "x", "\n" * 33, "1" * 40, "." * 50, "<|endoftext|>",
    "x<|endoftext|>y", "\U00016100\U00010d40\U0002ebf0",
]
WORDS = [
    "unaffable UNAFFABLE Unaffable", "ÀÉîõü Ångström İstanbul ẞ ﬁ ǅ", "한국어 각", "日本語ab漢字", "[MASK] [CLS]x",
    "don't e-mail U.S.A. 1,000.50 #hash @user", "x" * 100, "x" * 101, "語" * 101, "a\u0301b\u0323\u0301",
    "a\u302e\U0001d165 a\u302e\u034f\U0001d165", "\u1fef\u037e\u0387", "\ufffd\u00ad\u200b\ue000 a\u200db",
    "\u20000\U00020000\U0002f800\uf900", "##ing ## #", "a\u2028b\u0085c\u000bd", "नमस्ते ไทย عَرَبِيّ",
]
BYTES = [b"\xff", b" \xff\xfe", b"a\xe2\x80 b\xe2\x80\xafc", b"\xed\xa0\x80x", b"\xc0\x80",
         b"\xf4\x90\x80\x80 1", b"caf\xc3", b"\xe3\x80\x80\x80 \xe3\x80"]


def small_encoding():
    library = Tokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.train_from_iterator(
        [generate(300_000).decode()],
        trainers.BpeTrainer(vocab_size=768, show_progress=False,
                            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    model = json.loads(library.to_str())["model"]
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    with open(os.path.join(FOLDER, "small.bpe"), "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in ["#version: 0.2", *merges]))
    printable = [b for b in range(256) if chr(b).isprintable() and b not in (32, 0xA0, 0xAD)]
    spelled = {chr(b): b for b in printable}
    for n, b in enumerate(b for b in range(256) if b not in printable):
        spelled[chr(256 + n)] = b
    ranks = {bytes(spelled[c] for c in token): i for token, i in model["vocab"].items()}
    return gpt2_encoding(ranks, "small")


def small_wordpieces():
    library = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    library.normalizer = normalizers.BertNormalizer(lowercase=False)
    library.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    library.train_from_iterator(
        [generate(300_000).decode() + " ".join(WORDS) * 9],
        trainers.WordPieceTrainer(vocab_size=700, limit_alphabet=250, show_progress=False,
                                  special_tokens=SPECIALS))
    vocabulary = library.get_vocab()
    path = os.path.join(FOLDER, "small.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(p + "\n" for p in sorted(vocabulary, key=vocabulary.get)))
    return path


def wordpieces(texts):
    small = small_wordpieces()
    for name in ("small", "bert"):
        for cased in (False, True):
            path = small if name == "small" else tokenize_compare.bert_vocabulary(cased)
            library = bert(path, cased)
            out = f"{name}-{'cased' if cased else 'uncased'}.tsv"
            with open(os.path.join(FOLDER, out), "w", encoding="ascii") as file:
                for text in texts:
                    ids = bert_ids(library, text.decode("utf-8", "replace"))
                    file.write(text.hex() + "\t" + " ".join(map(str, ids)) + "\n")


def main():
    os.makedirs(FOLDER, exist_ok=True)
    r = random.Random(7)
    texts = [t.encode() for t in NASTY] + BYTES
    texts += ["".join(piece(r) for _ in range(12)).encode()[:400] for _ in range(30)]
    texts += [b"".join(invalid(r) + piece(r).encode()[:40] for _ in range(6)) for _ in range(20)]
    for name, encoding in (("small", small_encoding()),
                           ("gpt2", gpt2(f"{tokenize_compare.DATA}/gpt2"))):
        with open(os.path.join(FOLDER, name + ".tsv"), "w", encoding="ascii") as file:
            for text in texts:
                ids = tokenize_compare.bytes_of_invalid(encoding, text)
                try:
                    assert ids == encoding.encode_ordinary(text.decode()), text
                except UnicodeDecodeError:
                    pass
                file.write(text.hex() + "\t" + " ".join(map(str, ids)) + "\n")
    wordpieces(texts + [t.encode() for t in WORDS])


if __name__ == "__main__":
    main()
