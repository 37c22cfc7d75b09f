// A text of any length to ids: parts of it on several threads, results in the text's order.
#ifndef DLT_TEXT_TOKENIZE_H
#define DLT_TEXT_TOKENIZE_H

#include "lib/text/model.h"

struct token_part {
    const uint8_t *ids; // (count) packed, as a token file has them (lib/record/tokens.h)
    size_t width;       // bytes of each
    size_t count;
    const uint32_t *line_ends; // with lines: ids of this part up to each line's end
    size_t line_count;
    uint64_t text_bytes, text_words, text_lines;
};

// Called with one part after the other, by one thread at a time.
typedef enum status token_sink(void *context, const struct token_part *part, struct error *error);

// The source's cut says what is encoded: with TEXT_CUT_LINES each line by itself, so that no id
// spans two lines. A line ends behind its '\n'; a last line may lack it.
enum status text_tokenize(const struct text_model *model, struct text_source *source, int threads,
                          token_sink *sink, void *context, struct error *error);

#endif
