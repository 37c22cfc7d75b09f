"""Run by tokenize.sh: times tokenisers in turn, so that what disturbs one disturbs all."""
import os
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference"))
RUNS = int(sys.argv[1])
DATA = os.environ["DLT_DATA"]
VOCABULARY = f"{DATA}/gpt2/vocab.bpe"


def tool(path, out, *options):
    """Wall seconds of the whole process, and its processor seconds."""
    before = os.times()
    start = time.perf_counter()
    subprocess.run(["dlt-tokenize", *options, "-o", out, path], check=True)
    wall = time.perf_counter() - start
    after = os.times()
    return wall, (after.children_user - before.children_user +
                  after.children_system - before.children_system)


def peers():
    """Encoders of a str, by name; without start-up, reading and writing."""
    try:
        from tokenize_compare import gpt2
        encoding = gpt2()
        yield "tiktoken (encoding alone)", encoding.encode_ordinary
    except ImportError as missing:
        print(f"  {missing}: not compared")


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


def measure(name, path, folder):
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    size = os.path.getsize(path) / 1e6
    out = os.path.join(folder, "out")
    encode = ("encode", "--vocab", VOCABULARY)
    runs = {"dlt-tokenize encode, 1 thread": lambda: tool(path, out, *encode, "--threads", "1"),
            "dlt-tokenize encode, 2 threads": lambda: tool(path, out, *encode, "--threads", "2")}
    for peer, encoder in peers():
        def one(encoder=encoder):
            start = time.perf_counter()
            encoder(text)
            return time.perf_counter() - start, 0
        runs[peer] = one
    times = {run: [] for run in runs}
    for _ in range(RUNS):
        for run, function in runs.items():
            times[run].append(function())
    print(f"{name}, {size:.1f} MB, median of {RUNS} (best)")
    for run, seconds in times.items():
        wall = [w for w, _ in seconds]
        line = f"  {run:32} {size / statistics.median(wall):7.1f} MB/s ({size / min(wall):.1f})"
        if seconds[0][1]:
            line += f", {1e3 * statistics.median(c for _, c in seconds):.0f} ms of processor time"
        print(line, flush=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        text = f"{DATA}/wikitext-2/train.txt"
        if os.path.exists(text):
            measure("WikiText-2 train", text, folder)
            out = os.path.join(folder, "out")
            seconds = [tool(text, out, "train", "--size", "8449")[0] for _ in range(RUNS)]
            print(f"  {'dlt-tokenize train, 8192 merges':32} {statistics.median(seconds):7.2f} s")
        rare = os.path.join(folder, "rare.txt")
        with open(rare, "w", encoding="utf-8") as file:
            file.write(rare_words(5_000_000))
        measure("words that do not come again", rare, folder)
        with open(rare, "w", encoding="utf-8") as file:
            file.write("".join(rare_words(1_000_000).split()))
        measure("one word", rare, folder)


if __name__ == "__main__":
    main()
