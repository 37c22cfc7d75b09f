"""Run by tokenize.sh: times tokenisers in turn, so that what disturbs one disturbs all.

Ours is the whole process, from text file to token file; the others are their encoders alone, without
start-up, reading and writing, on one thread. MB/s by the clock, and by processor time, which other
work on the machine disturbs less; how many times as fast is said by processor time.
"""
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference"))
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


def tool(path, out, *options):
    if os.path.exists(out):  # freeing what was there before is not counted
        os.unlink(out)
    return timed(lambda: subprocess.run(["dlt-tokenize", *options, "-o", out, path], check=True),
                 resource.RUSAGE_CHILDREN)


def peer(model):
    """A name, and a function that encodes a str; or None where the library is not installed."""
    try:
        import tokenize_compare
    except ImportError as missing:
        print(f"  {missing}: not compared")
        return None
    if model is BPE:
        return "tiktoken", tokenize_compare.gpt2().encode_ordinary
    library = tokenize_compare.bert(WORDPIECE[-1], False)
    return "tokenizers", lambda text: tokenize_compare.bert_ids(library, text)


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


def measure(name, path, folder, model, peers=True):
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    size = os.path.getsize(path) / 1e6
    out = os.path.join(folder, "out")
    runs = {f"dlt-tokenize, {threads} thread{'s' * (threads > 1)}":
            lambda threads=threads: tool(path, out, "encode", *model, "--threads", str(threads))
            for threads in (1, 2)}
    other = peer(model) if peers else None
    if other:
        runs[other[0]] = lambda: timed(lambda: other[1](text))
    times = {run: [] for run in runs}
    for _ in range(RUNS):
        for run, function in runs.items():
            times[run].append(function())
    print(f"{name}, {size:.1f} MB, {'GPT-2 BPE' if model is BPE else 'BERT WordPiece'}, "
          f"medians of {RUNS}")
    median = {run: [statistics.median(part) for part in zip(*t)] for run, t in times.items()}
    slowest = median[other[0]][1] if other else None
    for run, (wall, processor) in median.items():
        ratio = f"  {slowest / processor:5.1f} times {other[0]}" if other and run != other[0] else ""
        print(f"  {run:24} {size / wall:7.1f} MB/s  {size / processor:7.1f} MB per processor second"
              f"{ratio}", flush=True)
    one, two = [median[run][0] for run in list(runs)[:2]]
    print(f"  two threads: {one / two:.2f} times as fast as one")


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
            measure("WikiText-2 train ten times", made, folder, models[0], peers=False)
        for name, content in (("words that do not come again", rare_words(5_000_000)),
                              ("one word", "".join(rare_words(1_000_000).split()))):
            with open(made, "w", encoding="utf-8") as file:
                file.write(content)
            for model in models:
                measure(name, made, folder, model)


if __name__ == "__main__":
    main()
