// One step of the scorer, for the tests of the grammar.
#ifndef DLT_CORPUS_SCORER_H
#define DLT_CORPUS_SCORER_H

#include "lib/corpus/state.h"

enum scorer_case { CASE_LOWER, CASE_CAPITAL, CASE_ANY };

// Takes the state past `word` and adds its bits. False where the word, written like that, cannot
// come next; the state is then of no more use.
bool scorer_accept(struct state *state, uint32_t word, enum scorer_case written, double *bits);
// The sum over all words of p(word | text so far): 1, as every text has exactly one derivation.
double scorer_total(const struct state *state);

#endif
