# Real text on a CPU, a day: own vocabulary of 8,192, so that perplexity per word is the figure
# that compares. Datasets that DLT_DATA does not hold are left out, and said to be.
TITLE := real text, 12 layers of width 128
SOURCE := sample
DATASETS := wiki2 shake lambada 1b
SEEDS := 1
VOCABULARY := 8192
LAYERS := 12
WIDTH := 128
HEADS := 4
CONTEXT := 128
BATCH := 8
DROPOUT := 0.1
LEARNING_RATE := 2e-3
STEPS_PER_ACTION := 4
EPISODES := 100
EVAL_EVERY := 10
# to the power of 100 it is the floor, 0.01
EPSILON_DECAY := 0.955
