#!/usr/bin/env python3
"""Compares dlt-tokenize with OpenAI's tiktoken and the tokenizers library, id for id.

usage: DLT_DATA=FOLDER tokenize_compare.py [--hard MEGABYTES] [FILE...]

Needs build/bin on PATH; gpt2/vocab.bpe, gpt2/encoder.json and bert/bert-base-{cased,uncased}-vocab.txt
in $DLT_DATA; and the Python packages tiktoken, tokenizers and regex. Without FILEs: all text in
$DLT_DATA, and generated hard text, of which --hard says how much [30]. Exits 1 if anything differs.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import regex
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from tokenize_hard import every_code_point, generate, marks_in_every_order
from tokenize_others import SPECIALS, bert, bert_ids, gpt2

DATA = os.environ["DLT_DATA"]
VOCABULARY = f"{DATA}/gpt2/vocab.bpe"
# The pattern as GPT-2's authors wrote it; it means the same as tiktoken's.
ORIGINAL = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
failures = 0


def report(name, same, detail=""):
    global failures
    failures += not same
    print(f"{'same' if same else 'DIFFERENT':9}  {name}  {detail}", flush=True)


def tool(*arguments, data=None):
    done = subprocess.run(["dlt-tokenize", *arguments], input=data, stdout=subprocess.PIPE)
    if done.returncode:
        raise SystemExit(f"dlt-tokenize {arguments} failed")
    return done.stdout


def ours(data, *options, vocabulary=VOCABULARY):
    return list(map(int, tool("encode", "--vocab", vocabulary, "--ids", *options, data=data).split()))


def round_trip(data):
    with tempfile.NamedTemporaryFile() as tokens:
        tool("encode", "--vocab", VOCABULARY, "-o", tokens.name + ".z", data=data)
        text = tool("decode", "--vocab", VOCABULARY, tokens.name + ".z")
        os.unlink(tokens.name + ".z")
    return text == data


def bytes_of_invalid(encoding, data):
    """tiktoken on any bytes: a byte that is not UTF-8 stands for itself, as a character that is
    neither space, letter nor number; tiktoken merges the bytes of each piece."""
    text = data.decode("utf-8", "surrogateescape")
    ids = []
    for piece in regex.findall(ORIGINAL, text):
        ids += encoding._core_bpe.encode_single_piece(piece.encode("utf-8", "surrogateescape"))
    return ids


def compare_text(encoding, name, data):
    text = data.decode()
    ids = ours(data)
    report(name, ids == encoding.encode_ordinary(text) and round_trip(data),
           f"{len(data)} bytes, {len(ids)} ids")
    special = encoding.encode(text, allowed_special="all")
    report(name + " --special", ours(data, "--special", "--threads", "2") == special)
    pieces = [line + "\n" for line in text.split("\n")]
    pieces[-1] = pieces[-1][:-1]
    lines = [i for line in pieces for i in encoding.encode_ordinary(line)]
    report(name + " --lines", ours(data, "--lines") == lines)


def bert_vocabulary(cased):
    return f"{DATA}/bert/bert-base-{'cased' if cased else 'uncased'}-vocab.txt"


def compare_wordpiece(name, data, path=None):
    text = data.decode("utf-8", "replace")
    for cased in (False, True):
        model = ("--model", "wordpiece", *(["--cased"] if cased else []))
        vocabulary = path or bert_vocabulary(cased)
        ids = ours(data, *model, vocabulary=vocabulary)
        library = bert(vocabulary, cased)
        report(f"{name} WordPiece{' --cased' * cased}", ids == bert_ids(library, text),
               f"{len(data)} bytes, {len(ids)} ids")
        library = bert(vocabulary, cased, special=True)
        ids = ours(data, *model, "--special", "--threads", "2", vocabulary=vocabulary)
        report(f"{name} WordPiece{' --cased' * cased} --special", ids == bert_ids(library, text))
        got = tool("decode", "--model", "wordpiece", "--vocab", vocabulary, "--ids",
                   data=" ".join(map(str, ids)).encode()).decode()
        report(f"{name} WordPiece{' --cased' * cased} decode",
               got == library.decode(ids, skip_special_tokens=False))


def compare_characters(name, data):
    """With each character a piece, so that the ids tell what becomes of it, and in which order."""
    library = bert(bert_vocabulary(False), False)
    characters = sorted(set(data.decode()) | set(library.normalizer.normalize_str(data.decode())))
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        pieces = [p for c in characters if c.isprintable() and c != " " for p in (c, "##" + c)]
        file.write("".join(p + "\n" for p in SPECIALS + pieces))
        file.flush()
        compare_wordpiece(name + ", by character", data, file.name)


def compare_training(name, data, size):
    library = Tokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=size - 1, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    started = time.time()
    library.train_from_iterator([data.decode()], trainer)
    theirs = time.time() - started
    merges = json.loads(library.to_str())["model"]["merges"]
    merges = [m if isinstance(m, str) else " ".join(m) for m in merges]
    started = time.time()
    got = tool("train", "--quiet", "--size", str(size), data=data).decode().splitlines()[1:]
    report(f"{name} train {size}", got == merges,
           f"{time.time() - started:.2f} s, the library {theirs:.2f} s")


def all_files():
    for folder, _, names in sorted(os.walk(DATA)):
        for name in sorted(names):
            if name.endswith((".txt", ".tsv", ".raw", ".tokens", ".jsonl", ".json", ".bpe")):
                yield os.path.join(folder, name)


def compare_invalid(encoding):
    for seed in range(4):
        data = generate(3_000_000, seed, with_invalid=True)
        report(f"invalid UTF-8, seed {seed}",
               ours(data) == bytes_of_invalid(encoding, data) and round_trip(data))
        compare_wordpiece(f"invalid UTF-8, seed {seed}", data)
    for seed in range(2000):  # one piece: tiktoken's own way with invalid bytes
        data = b" \xff" + bytes([seed % 256, 0x80 + seed % 128, 0xC0 | seed % 4])
        if not data.isascii() and seed % 256 >= 128:
            assert bytes_of_invalid(encoding, data) == encoding._encode_bytes(data), data


def compare_trainings():
    with open(f"{DATA}/wikitext-2/valid.txt", "rb") as file:
        compare_training("wikitext-2 valid", file.read(), 8192)
    with open(f"{DATA}/wikitext-2/train.txt", "rb") as file:
        compare_training("wikitext-2 train", file.read(), 8449)
    corpus = subprocess.run(["dlt-corpus", "--style", "wiki", "--bytes", "2M", "--seed", "1"],
                            stdout=subprocess.PIPE)
    if corpus.returncode == 0:
        compare_training("generated corpus", corpus.stdout, 4096)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hard", type=int, default=30, metavar="MEGABYTES")
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    encoding = gpt2(f"{DATA}/gpt2")
    for path in arguments.files or all_files():
        with open(path, "rb") as file:
            data = file.read()
        compare_text(encoding, os.path.basename(path), data)
        compare_wordpiece(os.path.basename(path), data)
    if not arguments.files:
        texts = {"every code point": "".join(every_code_point()).encode(),
                 "marks in every order": "".join(marks_in_every_order()).encode()}
        for name, data in texts.items():
            compare_text(encoding, name, data)
            compare_wordpiece(name, data)
            compare_characters(name, data)
        for seed in range(1, arguments.hard // 10 + 1):
            data = generate(10_000_000, seed)
            compare_text(encoding, f"hard text, seed {seed}", data)
            compare_wordpiece(f"hard text, seed {seed}", data)
        compare_invalid(encoding)
        compare_trainings()
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
