#!/bin/sh
# How fast dlt-tokenize is, the whole process from text file to token file: MB/s, medians, beside
# tiktoken and the tokenizers library on the same texts in the same run where they are installed.
#
#     tokenize.sh [RUNS]
#
# Reads $DLT_DATA (gpt2/vocab.bpe and encoder.json, bert/*, wikitext-2/train.txt); build/bin is on PATH.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
PATH="${BUILD:-$here/../../build}/bin:$PATH"
export PATH
if [ ! -e "${DLT_DATA:-}/gpt2/vocab.bpe" ]; then
    echo "tokenize: no gpt2/vocab.bpe (set DLT_DATA to a folder with the data)"
    exit 0
fi
exec python3 "$here/tokenize_peers.py" "${1:-5}"
