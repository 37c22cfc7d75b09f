"""Run by tokenize.sh: times tokenisers in turn, so that what disturbs one disturbs all.

Ours is the whole process, from text file to token file; the others, on one thread, are measured so
too, and once more as their encoders alone, without start-up, reading and writing. MB/s by the clock,
and by processor time, which other work on the machine disturbs less; how many times as fast as each
of theirs is said by processor time.
"""
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
REFERENCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference")
sys.path.insert(0, REFERENCE)
RUNS = int(sys.argv[1])
DATA = os.environ["DLT_DATA"]
BPE = ("--vocab", f"{DATA}/gpt2/vocab.bpe")
WORDPIECE = ("--model", "wordpiece", "--vocab", f"{DATA}/bert/bert-base-uncased-vocab.txt")


def timed(function, who=resource.RUSAGE_SELF):
    """Wall and processor seconds, those of this process or of its children."""
    def processor():
        used = resource.getrusage(who)
        return used.ru_utime + used.ru_stime
    before = processor()
    start = time.perf_counter()
    function()
    wall = time.perf_counter() - start
    return wall, processor() - before


def process(out, *command):
    if os.path.exists(out):  # freeing what was there before is not counted
        os.unlink(out)
    return timed(lambda: subprocess.run(command, check=True), resource.RUSAGE_CHILDREN)


def tool(path, out, *options):
    return process(out, "dlt-tokenize", *options, "-o", out, path)


def others(model, path, out):
    """Functions that measure another tokeniser, by name; none where it is not installed."""
    import tokenize_others
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    try:
        if model is BPE:
            name, kind, vocabulary = "tiktoken", "gpt2", f"{DATA}/gpt2"
            encode = tokenize_others.gpt2(vocabulary).encode_ordinary
        else:
            name, kind, vocabulary = "tokenizers", "bert", WORDPIECE[-1]
            library = tokenize_others.bert(vocabulary, False)
            encode = lambda some: tokenize_others.bert_ids(library, some)
    except ImportError as missing:
        print(f"  {missing}: not compared")
        return {}
    program = os.path.join(REFERENCE, "tokenize_others.py")
    return {name: lambda: process(out, sys.executable, program, kind, vocabulary, path, out),
            f"{name}, encoder alone": lambda: timed(lambda: encode(text))}


def rare_words(size):
    """Text whose words hardly ever come again."""
    import random
    r = random.Random(1)
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    words = []
    while size > 0:
        words.append("".join(letters[min(int(r.expovariate(0.2)), 25)]
                             for _ in range(r.randrange(4, 14))))
        size -= len(words[-1]) + 1
    return " ".join(words)


def measure(name, path, folder, model, compared=True):
    size = os.path.getsize(path) / 1e6
    out = os.path.join(folder, "out")
    ours = {f"dlt-tokenize, {threads} thread{'s' * (threads > 1)}":
            lambda threads=threads: tool(path, out, "encode", *model, "--threads", str(threads))
            for threads in (1, 2)}
    theirs = others(model, path, out) if compared else {}
    times = {run: [] for run in [*ours, *theirs]}
    for _ in range(RUNS):
        for run, function in [*ours.items(), *theirs.items()]:
            times[run].append(function())
    print(f"{name}, {size:.1f} MB, {'GPT-2 BPE' if model is BPE else 'BERT WordPiece'}, "
          f"medians of {RUNS}")
    median = {run: [statistics.median(part) for part in zip(*t)] for run, t in times.items()}
    for run, (wall, processor) in median.items():
        print(f"  {run:26} {size / wall:7.1f} MB/s  {size / processor:7.1f} MB per processor second",
              flush=True)
    one, two = [median[run] for run in ours]
    for run in theirs:
        print(f"  one thread: {median[run][1] / one[1]:.1f} times as fast as {run}")
    print(f"  two threads: {one[0] / two[0]:.2f} times as fast as one")


def main():
    models = [model for model in (BPE, WORDPIECE) if os.path.exists(model[-1])]
    with tempfile.TemporaryDirectory() as folder:
        text = f"{DATA}/wikitext-2/train.txt"
        made = os.path.join(folder, "made.txt")
        if os.path.exists(text):
            for model in models:
                measure("WikiText-2 train", text, folder, model)
            seconds = [tool(text, os.path.join(folder, "out"), "train", "--size", "8449")[0]
                       for _ in range(RUNS)]
            print(f"  dlt-tokenize train, 8192 merges {statistics.median(seconds):7.2f} s")
            with open(text, "rb") as file:
                content = file.read()
            with open(made, "wb") as file:
                for _ in range(10):
                    file.write(content)
            measure("WikiText-2 train ten times", made, folder, models[0], compared=False)
        for name, content in (("words that do not come again", rare_words(5_000_000)),
                              ("one word", "".join(rare_words(1_000_000).split()))):
            with open(made, "w", encoding="utf-8") as file:
                file.write(content)
            for model in models:
                measure(name, made, folder, model)


if __name__ == "__main__":
    main()
