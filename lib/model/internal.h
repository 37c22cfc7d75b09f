// What the files of lib/model share. Letters as in kernels/ops.h.
//
//   parameters.c   which tensors there are, their shapes, where each lies in its block; counting
//   storage.c      blocks and owners: carries out the plans of lib/tying
//   init.c         random initial weights
//   activations.c  the memory of a step
//   branch.c       attention and feed-forward, without norm and residual: the same in every model
//   permute.c      the permutations of tied layers, for --permute
//   stack.c        norms, residual sums, the layers in their order
//   head.c         logits and cross-entropy
//   gpt2.c         what makes it a GPT-2: embedding, where its norms stand
//   bert.c         what makes it a BERT: these, and the transformation before the logits
//   optimizer.c    clipping and AdamW
//   diagnose.c     where a pass lost its numbers
//   model.c        opening, re-tying, checks, the calls of a step
//
// Invariants between the calls of model.h:
//   1. A slot has a block if and only if it is in use; a layer's owner has a gradient if and only
//   if
//      it is active, moments if and only if it is not TYING_OWNER_NONE.
//   2. A block's compute-type weights are its master weights, cast (one array where the types are one).
#ifndef DLT_MODEL_INTERNAL_H
#define DLT_MODEL_INTERNAL_H

#include "lib/model/model.h"

// ---- Parameters: a block is one contiguous run of tensors ---------------------------------------

enum extent {
    EXTENT_ONE,
    EXTENT_WIDTH,          // C
    EXTENT_QKV,            // 3C
    EXTENT_HIDDEN,         // F = 4C
    EXTENT_VOCABULARY,     // V; in memory padded to the device's vocabulary_multiple
    EXTENT_POSITIONS,      // T + 1
    EXTENT_BERT_POSITIONS, // MODEL_BERT_POSITIONS, or T where that is more
    EXTENT_TYPES,          // MODEL_TYPES
};
enum { MODEL_TYPES = 2 }; // of tokens, in BERT

enum initial { INITIAL_ZERO, INITIAL_ONE, INITIAL_NORMAL, INITIAL_RESIDUAL };

struct tensor_spec {
    const char *name;
    enum extent rows, columns; // a vector has EXTENT_ONE columns
    enum initial initial;
};

enum { MODEL_TENSORS_MAX = 10 };
// Sites of the random initial weights: tensor i of the base has site i, of a part the next eight
// after those before it. Part of the results' bits. Only tensors below it may be drawn.
enum { MODEL_INIT_SITES = 8 };

struct tensor_layout {
    const struct tensor_spec *spec;
    size_t rows, columns;
    size_t offset; // in elements from the block's start, a multiple of 16
};

struct layout {
    size_t count;
    size_t parameters; // elements that are parameters
    size_t n;          // elements in memory: parameters, and padding that stays 0
    struct tensor_layout tensors[MODEL_TENSORS_MAX];
};

// Tensors of a part, in the order of their table; the norm comes first in each.
enum { PART_NORM, PART_NORM_BIAS };
enum {
    ATTENTION_QKV = PART_NORM_BIAS + 1,
    ATTENTION_QKV_BIAS,
    ATTENTION_PROJECTION,
    ATTENTION_PROJECTION_BIAS
};
enum {
    FEEDFORWARD_HIDDEN = PART_NORM_BIAS + 1,
    FEEDFORWARD_HIDDEN_BIAS,
    FEEDFORWARD_PROJECTION,
    FEEDFORWARD_PROJECTION_BIAS
};
enum { BASE_TOKEN }; // first in every architecture's base: the embedding that is also the head

struct block {
    void *master; // of the state type; NULL: none
    act *weight;  // the same memory as `master` where the two types are one
};

struct owner {
    float *gradient;
    bool gradient_begun; // since the last update: the first use stored it, further ones add to it
    void *moment1, *moment2; // of the state type
    int64_t steps;
};

// ---- One pass through the network ---------------------------------------------------------------

struct pass {
    size_t B, T, N; // N = B T
    bool training;  // dropout on, activations kept
    int64_t step;   // keys the dropout masks
};

// The residual stream where a norm takes it, and what the norm found.
struct stream {
    act *value;         // (N, C)
    float *mean, *rstd; // (N)
};

struct layer_activations {
    struct stream input;  // before the norm before attention
    act *qkv;             // (N, 3C)
    act *attended;        // (N, C) before the projection
    float *log_sum;       // (B, H, T)
    struct stream middle; // before the norm before the feed-forward part
    act *hidden_input;    // (N, F) before GELU
    act *hidden;          // (N, F) after it
};

// One block of memory. Buffers that are never needed at the same time share their place; which
// these are depends on `training` and on model_config.recompute.
struct activations {
    void *memory;
    size_t bytes;
    bool training;
    struct layer_activations layers[TYING_LAYERS_MAX];
    struct stream output;                // behind the last layer
    act *normed;                         // (N, C) output of a norm; after the head, its gradient
    act *branch;                         // (N, C) output of a branch, and its gradient
    act *permuted;                       // (N, F) with model_config.permute: what a linear gets
    act *attended_gradient;              // (N, C)
    act *wide_gradient;                  // (N, F) of hidden; (N, 3C) of qkv
    act *stream_gradient;                // (N, C) of the residual stream
    act *logits;                         // (head_rows, V padded)
    int32_t *tokens, *targets, *correct; // (N)
    float *losses;                       // (N)
    // BERT:
    int32_t *types;            // (N), all 0
    act *transform_input;      // (N, C) before GELU
    struct stream transformed; // after it
};

// A norm where it is used.
struct norm {
    const act *gain, *bias;
    float *gain_gradient, *bias_gradient; // both NULL where the use trains nothing
    bool gradient_begun;                  // += to them, not =
    const struct stream *stream;
    struct dropout dropout; // of its output: behind BERT's embedding
};

// What distinguishes one architecture from another.
struct architecture {
    const struct tensor_spec *base; // tensors outside the layers
    size_t base_count;
    size_t base_final; // the tensors from this one on stand behind the last layer
    size_t head_bias;  // the logits' bias; 0: none
    float norm_eps;
    bool norms_behind; // norms behind the residual sums, not before the branches (stack.c)
    bool transforms;   // has token types, and a transformation before the logits
    // The norm whose output a part of a layer gets; with layer L and TYING_ATTENTION, the head.
    struct norm (*norm_before)(const struct model *model, const struct pass *pass,
                               enum tying_part part, int layer);
    // From activations.tokens to `normed`, what the head gets.
    void (*forward)(struct model *model, const struct pass *pass);
    // From the gradient in `normed` to all other gradients.
    void (*backward)(struct model *model, const struct pass *pass);
};
extern const struct architecture ARCHITECTURE_BERT;
extern const struct architecture ARCHITECTURE_GPT2;
const struct architecture *architecture_of(const struct model_config *config);

// Of the columns between a layer's branch and its output projection; see permute.c.
struct permutations {
    size_t groups, size; // `groups` groups of `size` columns change places; groups 0: none do
    int32_t *source;     // (L, groups)
    int32_t *inverse;    // (L, groups)
};

struct model {
    const struct ops *ops;
    device *dev;
    struct model_config config;
    const struct architecture *architecture;
    struct tying tying;
    struct layout base_layout, part_layouts[TYING_PARTS];
    struct block base, storages[TYING_PARTS][TYING_LAYERS_MAX];     // by slot
    struct owner base_owner, owners[TYING_PARTS][TYING_LAYERS_MAX]; // by layer
    float *zeros[TYING_PARTS]; // what ghosts have for a gradient; NULL where there can be none
    struct activations activations;
    struct permutations permutations;
    float *host_losses; // (B, T)
};

// ---- parameters.c
void layout_base(struct layout *layout, const struct model_config *config,
                 size_t vocabulary_multiple);
void layout_part(struct layout *layout, const struct model_config *config, enum tying_part part);
size_t round_up(size_t n, size_t multiple);

static inline act *act_at(const struct model *model, act *base, size_t index) {
    return (act *)((char *)base + index * model->ops->act_bytes);
}
static inline void *state_at(const struct model *model, void *base, size_t index) {
    return (char *)base + index * model->ops->state_bytes;
}
// Tensors of the weights that a layer uses; and of the gradient that this use adds to, or NULL.
const act *layer_weight(const struct model *model, enum tying_part part, int layer, size_t tensor);
float *layer_gradient(const struct model *model, enum tying_part part, int layer, size_t tensor);
// Whether that gradient holds what another use has given it in this step; and that this use has.
bool layer_gradient_begun(const struct model *model, enum tying_part part, int layer);
void layer_gradient_begin(struct model *model, enum tying_part part, int layer);
const act *base_weight(const struct model *model, size_t tensor);
float *base_gradient(const struct model *model, size_t tensor);

// ---- storage.c
enum status storage_open_base(struct model *model, struct error *error);
enum status storage_carry_out(struct model *model, const struct tying_plan *plan,
                              struct error *error);
// Takes and gives back memory until it is what `tying` asks for; contents are then unspecified.
enum status storage_match(struct model *model, const struct tying *tying, struct error *error);
void storage_close(struct model *model);

// ---- init.c
enum status init_block(struct model *model, const struct block *block, const struct layout *layout,
                       int first_site, int layer, struct error *error);

// ---- activations.c
size_t activations_bytes(const struct model_config *config, const struct ops *ops, bool training);
enum status activations_require(struct model *model, bool training, struct error *error);
void activations_close(struct model *model);

// ---- branch.c
enum dropout_site { DROPOUT_EMBEDDING, DROPOUT_ATTENTION, DROPOUT_PROJECTION, DROPOUT_FEEDFORWARD };
struct dropout pass_dropout(const struct model *model, const struct pass *pass,
                            enum dropout_site site, int layer);
void attention_forward(struct model *model, const struct pass *pass, int layer, act *out,
                       const act *x);
// Where the gradient of a bias goes in this use, for operations that sum it on their way; NULL: nowhere.
const struct column_sums *bias_sums(const struct model *model, enum tying_part part, int layer,
                                    size_t tensor, struct column_sums *sums);
// x_gradient = ..., or += with `accumulate`. out_gradient may be x_gradient. The output's bias has its
// gradient already where the branch's dropout drops: from there.
void attention_backward(struct model *model, const struct pass *pass, int layer, act *x_gradient,
                        bool accumulate, const act *out_gradient, const act *x);
// out NULL: only what backward needs.
void feedforward_forward(struct model *model, const struct pass *pass, int layer, act *out,
                         const act *x);
void feedforward_backward(struct model *model, const struct pass *pass, int layer, act *x_gradient,
                          bool accumulate, const act *out_gradient, const act *x);

// ---- permute.c
enum status permutations_open(struct model *model, struct error *error);
void permutations_close(struct model *model);
// Whether this use's columns are permuted before the output projection of its part.
bool use_is_permuted(const struct model *model, enum tying_part part, int layer);
// out (N, groups size) is in with its columns permuted; the gradient: put back. out is not in.
void permute_forward(const struct model *model, const struct pass *pass, int layer, act *out,
                     const act *in);
void permute_backward(const struct model *model, const struct pass *pass, int layer, act *out,
                      const act *in);

// ---- stack.c
// The residual stream before the norm before a part; with layer L and TYING_ATTENTION, the output.
const struct stream *stream_before(const struct model *model, enum tying_part part, int layer);
struct norm part_norm(const struct model *model, enum tying_part part, int layer,
                      const struct stream *stream);
struct norm base_norm(const struct model *model, size_t tensor, const struct stream *stream);
// normed = norm(stream)
void norm_forward(const struct model *model, const struct pass *pass, const struct norm *norm);
// The stream of `norm` = residual + dropout(branch); normed = norm of that.
void residual_norm_forward(const struct model *model, const struct pass *pass,
                           const struct norm *norm, const act *residual,
                           const struct dropout *dropout);
// stream_gradient = ..., or += with `accumulate`. normed_gradient is spent.
void norm_backward(const struct model *model, const struct pass *pass, const struct norm *norm,
                   act *stream_gradient, act *normed_gradient, bool accumulate);
// From `normed`, what layer 0 gets, to `normed` behind the last norm.
void stack_forward(struct model *model, const struct pass *pass);
// From `stream_gradient` behind the last layer to that before the first.
void stack_backward(struct model *model, const struct pass *pass);

// ---- head.c
// Rows of logits held at a time.
size_t head_rows(const struct model_config *config, const struct ops *ops);
// Fills activations.losses. With gradient_scale != 0 also replaces `normed` by its gradient and
// adds to the token embedding's; with `correct`, fills activations.correct.
void head_run(struct model *model, const struct pass *pass, float gradient_scale, bool correct);
enum status head_logits(struct model *model, size_t row, float *logits, struct error *error);

// ---- optimizer.c
// Owners whose gradient no pass has begun, as where no target counted, get one of zeros.
void gradients_complete(struct model *model);

// ---- memory.c
uint64_t block_bytes(const struct layout *layout, const struct ops *ops);

#endif
