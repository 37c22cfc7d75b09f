# Real text on a CPU, some hours: own vocabulary of 8,192, so that perplexity per word is the figure
# that compares. Datasets that DLT_DATA does not hold are left out, and said to be.
TITLE := real text, 12 layers of width 128
SOURCE := sample
DATASETS := wiki2 shake lambada 1b
SEEDS := 1
VOCABULARY := 8192
TRAIN := --layers 12 --width 128 --heads 4 --context 128 --batch 8 --dropout 0.1 \
         --episodes 100 --steps-per-action 4 --lr 2e-3 --eval-every 10
# epsilon reaches its floor of 0.01 at the end: 0.955 ^ 100
AGENT := --epsilon-decay 0.955
