# Real data, GPT-2's vocabulary, middle-sized networks: about an hour on one H200.
TITLE := real text, 12 layers of width 768
SOURCE := data
DATASETS := wiki2 wiki103 lambada 1b
SEEDS := 1
SEEDS_T4 := 1 2 3
VOCABULARY := gpt2
DEVICE := h200
LAYERS := 12
WIDTH := 768
HEADS := 12
CONTEXT := 256
BATCH := 16
DROPOUT := 0.2
DROPOUT_bert := 0.1
LEARNING_RATE := 3e-4
TRAIN := --precision bf16
STEPS_PER_ACTION := 4
EPISODES := 50
EVAL_EVERY := 10
# to the power of 50 it is the floor, 0.01
EPSILON_DECAY := 0.912
