// A transformer whose layers may share weights: parameters, forward, backward, optimiser step.
//
// Everything is composed of operations of kernels/ops.h. Letters as there. The model holds the
// tying state; storages and owners (lib/tying) are its memory.
//
// Calling sequence of a training step:
//     model_accumulate()   forward and backward of one batch, gradients added up
//     model_update()       clip, AdamW on every live owner, gradients zeroed
#ifndef DLT_MODEL_MODEL_H
#define DLT_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/ops.h"
#include "lib/base/status.h"
#include "lib/tying/tying.h"

enum model_arch { MODEL_GPT2, MODEL_BERT };
enum model_recompute { MODEL_RECOMPUTE_NONE, MODEL_RECOMPUTE_GELU, MODEL_RECOMPUTE_LAYER };
// Tied uses may have their attention heads permuted between attention and output projection, or
// their hidden units between GELU and second linear: one permutation per layer position, fixed by
// the seed, that leaves nothing in place. Tied means s[i] < i in a part that the map ties; a layer
// that is independent by the state is not permuted, whosever storage it uses.
enum model_permute { MODEL_PERMUTE_NONE, MODEL_PERMUTE_HEADS, MODEL_PERMUTE_HIDDEN };

enum { MODEL_BERT_POSITIONS = 512 };

struct model_config {
    enum model_arch arch;
    int layers;     // L
    int width;      // C, a multiple of heads
    int heads;      // H
    int context;    // T; GPT-2 has T + 1 learned positions (as the released code), BERT 512, or T
    int vocabulary; // V
    int batch;      // B, the largest that will be asked for
    double dropout;
    enum model_recompute recompute;
    enum model_permute permute;
    bool bidirectional; // attention sees both sides: for masked language modelling
    struct tying_options tying;
    uint64_t seed;
};

// Sizes in parameters (a GPT-2 layer of C = 1600 has 30,740,800).
struct model_parameters {
    uint64_t embedding;         // tokens and positions (BERT: types and norm too); the head is tied
    uint64_t part[TYING_PARTS]; // of one layer: attention, feed-forward
    uint64_t layer;             // their sum
    uint64_t final;        // behind the last layer: GPT-2 the last norm, BERT the head transform
    uint64_t conventional; // embedding + L layer + final
};
void model_count_parameters(const struct model_config *config, struct model_parameters *count);
// Trainable now: embedding + final + the storages that an active owner updates.
uint64_t model_count_trainable(const struct model_config *config, const struct tying *tying);

// Bytes. One function counts, for --dry-run, the refusal before the first step, Table 5 and
// run logs.
struct model_memory {
    uint64_t weights; // compute-type and master copies
    uint64_t gradients;
    uint64_t optimizer;   // moments, kept ones included
    uint64_t activations; // what one step holds at its peak, scratch included
    uint64_t total;
};
void model_count_memory(const struct model_config *config, const struct tying *tying,
                        const struct ops *ops, struct model_memory *memory);
// The bytes of activations where there is no training: model_evaluate() alone.
uint64_t model_count_evaluation(const struct model_config *config, const struct ops *ops);

// Floating-point operations of one block of T tokens, a multiply-add counted as two. An estimate:
// 2 per weight of a matrix and token, the token embedding counted where it is the head; of attention
// 4 C per token and column seen, columns up to the token's own (all T of a bidirectional model). A
// backward pass costs twice its forward pass, so that training comes to 6 N per token and attention
// (Kaplan et al. 2020, section 2.1); with MODEL_RECOMPUTE_LAYER the layers' forward pass is made
// again. Norms, GELU, softmax, dropout and the optimiser are left out. Tied layers compute like any
// other: what counts is the depth L, not how many are independent.
struct model_operations {
    double forward;  // evaluation, a reward
    double training; // forward and backward
};
void model_count_operations(const struct model_config *config, struct model_operations *count);

struct model; // opaque

// Whether the shapes make a model. STATUS_USAGE, saying which do not. To be asked before counting;
// model_open() asks too.
enum status model_check(const struct model_config *config, struct error *error);

// Allocates and initialises for the start map. STATUS_USAGE: shapes that make no model, saying which.
enum status model_open(struct model **model, const struct ops *ops, device *dev,
                       const struct model_config *config, const int *start_map,
                       struct error *error);
void model_close(struct model *model);
// Takes what a training step needs, which the first one would take otherwise: where there is too
// little memory, nothing has begun.
enum status model_reserve(struct model *model, struct error *error);
const struct tying *model_tying(const struct model *model);
const struct model_config *model_get_config(const struct model *model);

// Re-ties layer i to `source` and carries out the plan. *changed: whether the state vector changed.
enum status model_tie(struct model *model, int layer, int source, bool *changed,
                      struct error *error);

// Forward with dropout at `step` (which keys the masks), backward; adds gradients. inputs and
// targets: host, (B, T), targets < 0 do not count. *loss: the mean over the targets that count.
enum status model_accumulate(struct model *model, const int32_t *inputs, const int32_t *targets,
                             int B, int64_t step, double *loss, struct error *error);

// After a model_accumulate() whose loss was not finite. *place: the first layer behind which there
// is a number that is not; -1: the embedding; L: none, so it is the head.
enum status model_find_not_finite(struct model *model, int *place, struct error *error);

// After a model_update() whose norm was not finite: the last layer that owns a gradient that is not; -1:
// none does, so it is outside the layers.
int model_find_gradient_not_finite(struct model *model);

struct model_update_options {
    double lr, beta1, beta2, eps, weight_decay;
    double clip; // 0: none
};
// *norm: the gradients' norm before clipping, each owner counted once. Where it is not finite, nothing is
// updated.
enum status model_update(struct model *model, const struct model_update_options *options,
                         double *norm, struct error *error);

// Dropout off, nothing kept. *loss_sum: sum of the cross-entropies of the targets that count,
// *count how many. Host, (B, T), each target's own, unless NULL: `correct`, 1 where the target has
// the largest logit, else 0; `losses`.
enum status model_evaluate(struct model *model, const int32_t *inputs, const int32_t *targets,
                           int B, double *loss_sum, int64_t *count, int32_t *correct, float *losses,
                           struct error *error);
// Logits of the last of `length` positions: host, (V). For sampling; not of a bidirectional model,
// whose last position is itself seen.
enum status model_next_logits(struct model *model, const int32_t *tokens, int length, float *logits,
                              struct error *error);

// ---- Tensors, for checkpoints, tests and dlt-eval ------------------------------------------------
//
// Named as PyTorch's nanoGPT / transformers would name them where there is a counterpart, e.g.
// "layers.3.attention.qkv.weight" for a storage's tensor by slot; see model_tensor_list.

enum model_tensor_kind { MODEL_WEIGHT, MODEL_GRADIENT, MODEL_MOMENT1, MODEL_MOMENT2 };
struct model_tensor {
    char name[96]; // unique
    enum model_tensor_kind kind;
    int dimensions;
    size_t shape[3];
    // Device memory: gradients floats, the others of the state type (ops.h), to be transferred by
    // upload_state() and download_state().
    float *data;
    size_t n;
};
// Calls `visit` for each tensor that exists now, in an order that depends on the tying state only.
enum status model_visit_tensors(struct model *model,
                                enum status (*visit)(void *context, const struct model_tensor *t,
                                                     struct error *error),
                                void *context, struct error *error);
// The step count of a layer's owner, for checkpoints. Parts as in lib/tying; part TYING_PARTS is
// the owner of everything outside the layers.
int64_t model_get_owner_steps(const struct model *model, enum tying_part part, int layer);
void model_set_owner_steps(struct model *model, enum tying_part part, int layer, int64_t steps);
// Gives the model the memory and the maps of `tying` (as read from a checkpoint); the tensors'
// contents are then to be filled in through model_visit_tensors, and model_refresh() called.
// STATUS_DAMAGED: no tying state, or not of the model's layers and options.
enum status model_restore_tying(struct model *model, const struct tying *tying,
                                struct error *error);
void model_refresh(struct model *model); // compute-type copies from the master weights

#endif
