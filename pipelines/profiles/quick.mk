# Any machine, offline, two cores, some minutes: generated text, own vocabulary, a small model.
TITLE := generated text, 6 layers of width 64
SOURCE := corpus
DATASETS := wiki2 wiki103 lambada 1b
SEEDS := 1
VOCABULARY := 1024
BYTES_train_wiki2 := 2M
BYTES_train_wiki103 := 8M
BYTES_train_lambada := 4M
BYTES_train_1b := 4M
BYTES_valid := 48k
BYTES_test := 48k
TRAIN := --layers 6 --width 64 --heads 4 --context 64 --batch 16 --dropout 0.1 \
         --episodes 60 --steps-per-action 4 --lr 2e-3 --eval-every 2
# epsilon reaches its floor of 0.01 at the end: 0.926 ^ 60
AGENT := --epsilon-decay 0.926
