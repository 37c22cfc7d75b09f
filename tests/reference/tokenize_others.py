#!/usr/bin/env python3
"""The tokenisers that dlt-tokenize is compared with: OpenAI's tiktoken, and the tokenizers library.

usage: tokenize_others.py gpt2 FOLDER TEXT OUT     FOLDER has vocab.bpe and encoder.json
       tokenize_others.py bert VOCABULARY TEXT OUT

Run so, it is what a user of them would write: it encodes a text into a file of 16-bit ids. Each
library is imported only where it is asked for.
"""
import array
import sys

# The pattern in the way that tiktoken has it.
PATTERN = (r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s")
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def gpt2_encoding(ranks, name="gpt2"):
    import tiktoken
    return tiktoken.Encoding(name, pat_str=PATTERN, mergeable_ranks=ranks,
                             special_tokens={"<|endoftext|>": len(ranks)})


def gpt2(folder):
    from tiktoken.load import data_gym_to_mergeable_bpe_ranks
    return gpt2_encoding(data_gym_to_mergeable_bpe_ranks(
        vocab_bpe_file=f"{folder}/vocab.bpe", encoder_json_file=f"{folder}/encoder.json"))


def bert(path, cased, special=False):
    """What BertWordPieceTokenizer is made of, without its template."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
    library = Tokenizer(models.WordPiece(models.WordPiece.read_file(path), unk_token="[UNK]"))
    library.normalizer = normalizers.BertNormalizer(lowercase=not cased)
    library.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    library.decoder = decoders.WordPiece(cleanup=False)
    if special:
        library.add_special_tokens(SPECIALS)
    return library


def bert_ids(library, text):
    """Line by line, which changes nothing: a line end ends a word."""
    lines = library.encode_batch_fast(text.split("\n"), add_special_tokens=False)
    return [i for line in lines for i in line.ids]


def main():
    model, vocabulary, text, out = sys.argv[1:]
    with open(text, encoding="utf-8", newline="") as file:
        text = file.read()
    ids = (gpt2(vocabulary).encode_ordinary(text) if model == "gpt2"
           else bert_ids(bert(vocabulary, False), text))
    with open(out, "wb") as file:
        array.array("H", ids).tofile(file)


if __name__ == "__main__":
    main()
