# Any machine, offline, two cores, a quarter of an hour: generated text, own vocabulary, a small model.
TITLE := generated text, 6 layers of width 64
SOURCE := corpus
DATASETS := wiki2 wiki103 lambada 1b
SEEDS := 1
SEEDS_T1 := 1 2 3
SEEDS_T4 := 1 2 3
VOCABULARY := 1024
BYTES_train_wiki2 := 2M
BYTES_train_wiki103 := 8M
BYTES_train_lambada := 4M
BYTES_train_1b := 4M
BYTES_valid := 48k
BYTES_test := 48k
LAYERS := 6
WIDTH := 64
HEADS := 4
CONTEXT := 64
BATCH := 8
DROPOUT := 0.1
LEARNING_RATE := 2e-3
STEPS_PER_ACTION := 4
EPISODES := 40
EVAL_EVERY := 4
# to the power of 40 it is the floor, 0.01
EPSILON_DECAY := 0.891
