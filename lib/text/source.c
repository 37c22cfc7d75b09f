#define _GNU_SOURCE // memrchr
#include "lib/text/source.h"

#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "lib/text/pretokenize.h"
#include "lib/text/unicode.h"
#include "lib/text/wordpiece_encoder.h"

enum status text_source_open(struct text_source *source, const char *const *paths, size_t count,
                             enum text_cut cut, struct error *error) {
    static const char *const STANDARD_INPUT[] = {"-"};
    *source = (struct text_source){.paths = count > 0 ? paths : STANDARD_INPUT,
                                   .count = count > 0 ? count : 1,
                                   .cut = cut,
                                   .after_space = true};
    return memory_allocate((void **)&source->inputs, source->count, sizeof *source->inputs,
                           "input files", error);
}

void text_source_close(struct text_source *source) {
    if (source->open) {
        file_input_close(&source->file);
    }
    for (size_t i = 0; i < source->done; i++) {
        free(source->inputs[i].name);
    }
    free(source->inputs);
    buffer_free(&source->rest);
    *source = (struct text_source){0};
}

static enum status finish_file(struct text_source *source, struct error *error) {
    struct text_input *input = &source->inputs[source->done];
    input->name = strdup(file_base_name(source->file.name));
    input->bytes = source->file.bytes;
    hash_sha256_finish(&source->file.sha256, input->sha256);
    file_input_close(&source->file);
    source->open = false;
    source->done++;
    return input->name ? STATUS_OK : error_set(error, STATUS_FAILURE, "cannot allocate a name");
}

// Reads until `text` holds `length` bytes or the last file ends.
static enum status fill(struct text_source *source, struct buffer *text, size_t length,
                        struct error *error) {
    enum status status =
        length > text->length ? buffer_reserve(text, length - text->length, error) : STATUS_OK;
    while (status == STATUS_OK && text->length < length && source->done < source->count) {
        if (!source->open) {
            status = file_input_open(&source->file, source->paths[source->done], error);
            source->open = status == STATUS_OK;
            continue;
        }
        size_t got = 0;
        status = file_input_read(&source->file, text->data + text->length, length - text->length,
                                 &got, error);
        text->length += got;
        if (status == STATUS_OK && got == 0) {
            status = finish_file(source, error);
        }
    }
    return status;
}

static size_t find_cut(const struct text_source *source, const struct buffer *text) {
    if (source->done == source->count) {
        return text->length;
    }
    if (source->cut == TEXT_CUT_LINES) {
        const uint8_t *line_end = memrchr(text->data, '\n', text->length);
        return line_end ? (size_t)(line_end - text->data) + 1 : 0;
    }
    if (source->cut == TEXT_CUT_WORDPIECE) {
        return wordpiece_safe_cut(text->data, text->length);
    }
    return pretoken_safe_cut(text->data, text->length, source->cut == TEXT_CUT_SPECIAL);
}

enum status text_source_read(struct text_source *source, struct text_part *part,
                             struct error *error) {
    struct buffer *text = &part->text;
    text->length = 0;
    part->after_space = source->after_space;
    enum status status = buffer_append(text, source->rest.data, source->rest.length, error);
    source->rest.length = 0;
    size_t cut = 0;
    for (size_t length = TEXT_PART; status == STATUS_OK && cut == 0; length = 2 * text->length) {
        status = fill(source, text, length, error);
        if (status != STATUS_OK || text->length == 0) {
            return status;
        }
        cut = find_cut(source, text);
    }
    if (status == STATUS_OK) {
        status = buffer_append(&source->rest, text->data + cut, text->length - cut, error);
        text->length = cut;
        source->after_space = byte_is_space(text->data[cut - 1]);
    }
    return status;
}

uint64_t text_source_bytes(const struct text_source *source) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < source->done; i++) {
        bytes += source->inputs[i].bytes;
    }
    return bytes;
}

// ---- Words and lines ---------------------------------------------------------------------------

// Adds up the words that start and the lines that end behind the first byte of a text.
typedef void text_counter(const uint8_t *text, size_t length, struct text_counts *counts);

// Counts of a byte's width, which vectorise well, over about as much text as they can hold.
enum { COUNTED_AT_ONCE = 240 };

static void count_plainly(const uint8_t *text, size_t length, struct text_counts *counts) {
    for (size_t from = 1; from < length; from += COUNTED_AT_ONCE) {
        size_t to = length - from < COUNTED_AT_ONCE ? length : from + COUNTED_AT_ONCE;
        uint8_t words = 0, lines = 0;
#pragma omp simd reduction(+ : words, lines)
        for (size_t i = from; i < to; i++) {
            words = (uint8_t)(words + (byte_is_space(text[i - 1]) > byte_is_space(text[i])));
            lines = (uint8_t)(lines + (text[i] == '\n'));
        }
        counts->words += words;
        counts->lines += lines;
    }
}

#ifdef __x86_64__
__attribute__((target("avx512bw,popcnt"))) static void
count_avx512(const uint8_t *text, size_t length, struct text_counts *counts) {
    enum { BLOCK = 64 };
    const __m512i tab = _mm512_set1_epi8('\t'), others = _mm512_set1_epi8('\r' - '\t');
    size_t end = 1 + (length - 1) / BLOCK * BLOCK;
    count_plainly(text + end - 1, length - end + 1, counts); // first: wide registers are left clean
    uint64_t before = byte_is_space(text[0]), words = 0, lines = 0;
    for (size_t at = 1; at < end; at += BLOCK) {
        __m512i some = _mm512_loadu_si512(text + at);
        uint64_t spaces = _mm512_cmple_epu8_mask(_mm512_sub_epi8(some, tab), others) |
                          _mm512_cmpeq_epi8_mask(some, _mm512_set1_epi8(' '));
        words += (uint64_t)__builtin_popcountll((spaces << 1 | before) & ~spaces);
        lines +=
            (uint64_t)__builtin_popcountll(_mm512_cmpeq_epi8_mask(some, _mm512_set1_epi8('\n')));
        before = spaces >> (BLOCK - 1);
    }
    counts->words += words;
    counts->lines += lines;
}
#endif

struct text_counts text_count(const struct text_part *part, bool plainly) {
    struct text_counts counts = {0};
    text_counter *count = count_plainly;
#ifdef __x86_64__
    count = __builtin_cpu_supports("avx512bw") && !plainly ? count_avx512 : count_plainly;
#else
    (void)plainly;
#endif
    if (part->text.length > 0) {
        const uint8_t *text = part->text.data;
        counts.words = part->after_space && !byte_is_space(text[0]);
        counts.lines = text[0] == '\n';
        count(text, part->text.length, &counts);
    }
    return counts;
}
