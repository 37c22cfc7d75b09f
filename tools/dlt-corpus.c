// dlt-corpus: English-like text whose true entropy is known.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/math.h"
#include "lib/base/program.h"
#include "lib/corpus/corpus.h"

enum { FLUSH_BYTES = 1 << 18 };

static int style = CORPUS_WIKI, split = CORPUS_TRAIN;
static int64_t bytes = 1000000, language_seed = 1, seed = 1;
static bool entropy;

static const struct option OPTIONS[] = {
    {.name = "style",
     .type = OPTION_CHOICE,
     .value = &style,
     .choices = CORPUS_STYLE_NAMES,
     .help = "articles, narratives, passages with a recallable last word, or single sentences"},
    {.name = "bytes",
     .letter = 'n',
     .type = OPTION_SIZE,
     .value = &bytes,
     .argument = "N",
     .minimum = 1,
     .maximum = 1e15,
     .help = "write as many whole lines as fit into N bytes"},
    {.name = "language",
     .type = OPTION_INTEGER,
     .value = &language_seed,
     .argument = "SEED",
     .minimum = 0,
     .maximum = 9e15,
     .help = "the words and what they go with"},
    {.name = "split",
     .type = OPTION_CHOICE,
     .value = &split,
     .choices = CORPUS_SPLIT_NAMES,
     .help = "texts of different splits are independent"},
    {.name = "seed",
     .type = OPTION_INTEGER,
     .value = &seed,
     .argument = "SEED",
     .minimum = 0,
     .maximum = 9e15,
     .help = "the text"},
    {.name = "entropy",
     .type = OPTION_FLAG,
     .value = &entropy,
     .help =
         "print the true bits per byte of that text instead of it (with -o FILE: and the text to "
         "FILE); with --verbose, more about it on standard error"},
    {0}};

static const struct program PROGRAM = {
    .name = "dlt-corpus",
    .summary = "write English-like text whose true entropy is known exactly",
    .usage = "[OPTION...]",
    .options = OPTIONS,
    .examples = "  dlt-corpus --style wiki --bytes 2M --seed 1 -o wiki.txt\n"
                "  dlt-corpus --style news --split test --bytes 100k --entropy\n",
    .output = true,
};

struct job {
    struct corpus_language *language;
    struct corpus_generator *generator;
    struct corpus_scorer *scorer; // NULL where the entropy is not wanted
    struct file_output *output;   // NULL where the text is not wanted
    struct corpus_totals totals;
    struct buffer text;
};

static enum status flush(struct job *job, struct error *error) {
    enum status status = STATUS_OK;
    if (job->output) {
        status = file_output_write(job->output, job->text.data, job->text.length, error);
    }
    job->text.length = 0;
    return status;
}

// Whole lines, as many as fit. The entropy is what the scorer finds in the text as written.
static enum status write_lines(struct job *job, uint64_t limit, struct error *error) {
    uint64_t written = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        size_t start = job->text.length;
        status = corpus_generate_line(job->generator, &job->text, error);
        size_t length = job->text.length - start;
        if (status == STATUS_OK && written + length > limit) {
            job->text.length = start;
            break;
        }
        written += length;
        if (status == STATUS_OK && job->scorer) {
            status = corpus_score_line(job->scorer, (const char *)job->text.data + start, length,
                                       &job->totals, error);
        }
        if (status == STATUS_OK && job->text.length >= FLUSH_BYTES) {
            status = flush(job, error);
        }
    }
    if (status == STATUS_OK && written == 0) {
        status = error_set(error, STATUS_FAILURE,
                           "cannot write any text: the first line is longer than %" PRIu64 " bytes",
                           limit);
    }
    return status == STATUS_OK ? flush(job, error) : status;
}

// Bits per word of a model that knows how often each word occurs in this text, and nothing more.
static double unigram_bits(const struct job *job) {
    double bits = 0, words = (double)job->totals.words;
    for (size_t i = 0; i < corpus_language_words(job->language); i++) {
        double count = (double)job->totals.count[i];
        bits += count > 0 ? -count * math_log2(count / words) : 0;
    }
    return bits / words;
}

static void say_totals(const struct job *job) {
    const struct corpus_totals *totals = &job->totals;
    double words = (double)totals->words, unigram = unigram_bits(job);
    log_verbose("%" PRIu64 " bytes, %" PRIu64 " words and marks, %" PRIu64 " lines, %.3f bits",
                totals->bytes, totals->words, totals->lines, totals->bits);
    log_verbose("%.4f bits per word, perplexity per word %.2f", totals->bits / words,
                math_pow(2, totals->bits / words));
    log_verbose("perplexity of the lines' last words %.3f",
                math_pow(2, totals->last_word_bits / (double)totals->lines));
    log_verbose("by word frequencies alone %.4f bits per word, perplexity per word %.2f", unigram,
                math_pow(2, unigram));
}

static enum status prepare(struct job *job, struct error *error) {
    enum status status = corpus_language_create(&job->language, (uint64_t)language_seed, error);
    if (status == STATUS_OK) {
        status = corpus_generator_create(&job->generator, job->language, (enum corpus_style)style,
                                         (enum corpus_split)split, (uint64_t)seed, error);
    }
    if (status == STATUS_OK && entropy) {
        status = corpus_scorer_create(&job->scorer, job->language, (enum corpus_style)style, error);
    }
    if (status == STATUS_OK && entropy) {
        status = memory_allocate((void **)&job->totals.count, corpus_language_words(job->language),
                                 sizeof(uint64_t), "word counts", error);
    }
    return status;
}

static enum status run(struct job *job, const char *path, struct error *error) {
    struct file_output output;
    enum status status = prepare(job, error);
    bool text_wanted = !entropy || path;
    if (status == STATUS_OK && text_wanted) {
        status = file_output_open(&output, path, false, error);
        job->output = status == STATUS_OK ? &output : NULL;
    }
    if (status == STATUS_OK) {
        status = write_lines(job, (uint64_t)bytes, error);
    }
    if (status == STATUS_OK && job->output) {
        status = file_output_commit(job->output, error);
        job->output = status == STATUS_OK ? NULL : job->output;
    }
    if (job->output) {
        file_output_abandon(job->output, false);
    }
    if (status == STATUS_OK && entropy) {
        printf("%.6f\n", job->totals.bits / (double)job->totals.bytes);
        say_totals(job);
        if (fflush(stdout) != 0) {
            status = error_set(error, STATUS_FAILURE, "cannot write standard output");
        }
    }
    return status;
}

int main(int argc, char **argv) {
    struct common_options common;
    struct operands operands;
    struct error error = {0};
    struct job job = {0};
    program_start(&PROGRAM, argc, argv, &common, &operands);
    enum status status = STATUS_OK;
    if (operands.count > 0) {
        status = error_set(&error, STATUS_USAGE, "unexpected operand '%s'", operands.words[0]);
    }
    if (status == STATUS_OK && entropy && common.output && file_is_standard_output(common.output)) {
        status = error_set(&error, STATUS_USAGE,
                           "with --entropy standard output has the number: name a file with -o");
    }
    if (status == STATUS_OK) {
        status = run(&job, common.output, &error);
    }
    corpus_scorer_free(job.scorer);
    corpus_generator_free(job.generator);
    corpus_language_free(job.language);
    buffer_free(&job.text);
    free(job.totals.count);
    operands_free(&operands);
    return program_finish(status, &error);
}
