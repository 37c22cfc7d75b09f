# Seconds, for trying the pipeline and for its tests: the numbers mean nothing.
TITLE := generated text, 3 layers of width 16, a try-out
SOURCE := corpus
DATASETS := wiki2 lambada
SEEDS := 1
VOCABULARY := 300
BYTES_train := 40k
BYTES_valid := 4k
BYTES_test := 4k
TRAIN := --layers 3 --width 16 --heads 2 --context 16 --batch 4 --dropout 0.1 \
         --episodes 4 --steps-per-action 2 --lr 1e-3
AGENT := --epsilon-decay 0.5
