// GPT-2 as nanoGPT builds it (Radford et al. 2019): learned positions, norms before the branches
// and behind the last layer, dropout after the embedding and after each branch.
//
//     stream = dropout(token + position)
//     each layer:  stream += dropout(attention(norm(stream)))
//                  stream += dropout(feedforward(norm(stream)))
//     normed = norm(stream)

#include "lib/base/memory.h"
#include "lib/model/internal.h"

enum { BASE_POSITION = BASE_TOKEN + 1, BASE_FINAL_NORM };

static const struct tensor_spec BASE_TENSORS[] = {
    {"embedding.token.weight", EXTENT_VOCABULARY, EXTENT_WIDTH, INITIAL_NORMAL},
    {"embedding.position.weight", EXTENT_POSITIONS, EXTENT_WIDTH, INITIAL_NORMAL},
    {"final.norm.weight", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ONE},
    {"final.norm.bias", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ZERO},
};

static struct norm gpt2_norm_before(const struct model *model, const struct pass *pass,
                                    enum tying_part part, int layer) {
    (void)pass;
    const struct stream *stream = stream_before(model, part, layer);
    return layer == model->config.layers ? base_norm(model, BASE_FINAL_NORM, stream)
                                         : part_norm(model, part, layer, stream);
}

static void gpt2_forward(struct model *model, const struct pass *pass) {
    struct norm first = gpt2_norm_before(model, pass, TYING_ATTENTION, 0);
    struct dropout dropout = pass_dropout(model, pass, DROPOUT_EMBEDDING, 0);
    model->ops->embedding_forward(model->dev, first.stream->value, model->activations.tokens,
                                  base_weight(model, BASE_TOKEN), base_weight(model, BASE_POSITION),
                                  pass->N, pass->T, (size_t)model->config.width, &dropout);
    norm_forward(model, pass, &first);
    stack_forward(model, pass);
}

static void gpt2_backward(struct model *model, const struct pass *pass) {
    const struct activations *all = &model->activations;
    struct norm final = gpt2_norm_before(model, pass, TYING_ATTENTION, model->config.layers);
    norm_backward(model, pass, &final, all->stream_gradient, all->normed, false);
    stack_backward(model, pass);
    struct dropout dropout = pass_dropout(model, pass, DROPOUT_EMBEDDING, 0);
    model->ops->embedding_backward(model->dev, base_gradient(model, BASE_TOKEN),
                                   base_gradient(model, BASE_POSITION), all->stream_gradient,
                                   all->tokens, pass->N, pass->T, (size_t)model->config.width,
                                   (size_t)model->config.vocabulary, &dropout);
}

const struct architecture ARCHITECTURE_GPT2 = {
    .base = BASE_TENSORS,
    .base_count = ARRAY_LENGTH(BASE_TENSORS),
    .base_final = BASE_FINAL_NORM,
    .norm_eps = 1e-5F,
    .norm_before = gpt2_norm_before,
    .forward = gpt2_forward,
    .backward = gpt2_backward,
};
