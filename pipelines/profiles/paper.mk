# The released code's own sizes, on one GPU: days.
TITLE := the sizes of the released code: GPT-2 of 48 layers of width 1600, BERT of 12 of 768
SOURCE := data
DATASETS := wiki2 wiki103 lambada 1b
SEEDS := 1
VOCABULARY := gpt2
DEVICE := h200
LAYERS := 48
LAYERS_bert := 12
WIDTH := 1600
WIDTH_bert := 768
HEADS := 16
HEADS_bert := 12
CONTEXT := 256
BATCH := 16
DROPOUT := 0.2
DROPOUT_bert := 0.1
LEARNING_RATE := 1e-4
# weights and moments in bf16 too, as released
TRAIN := --precision bf16-pure
STEPS_PER_ACTION := 4
EPISODES := 300
EVAL_EVERY := 10
EPSILON_DECAY := 0.95
# Nothing else differs from what dlt-train and dlt-qagent do by default, which is what was released.
