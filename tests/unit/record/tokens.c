// Token files: what goes in comes out, and what cannot be is refused.
#define _GNU_SOURCE
#include "lib/record/tokens.h"

#include "tests/unit/record/files.h"

enum { A, B_SPACE, SPACE_C, NEWLINE, END, SMALL = 5 };

// "a", "b ", " c", "\n", and an id of no text.
static uint16_t small_bytes[SMALL] = {1, 2, 2, 1, 0};
static uint8_t small_flags[SMALL] = {0, TOKEN_ENDS_WITH_SPACE, TOKEN_STARTS_WITH_SPACE,
                                     TOKEN_STARTS_WITH_SPACE | TOKEN_ENDS_WITH_SPACE,
                                     TOKEN_STARTS_WITH_SPACE | TOKEN_ENDS_WITH_SPACE};
static uint8_t small_words[SMALL] = {0, 0, 1, 0, 0};
static uint8_t small_newlines[SMALL] = {0, 0, 0, 1, 0};

static struct token_vocabulary small_vocabulary(void) {
    return (struct token_vocabulary){
        .model = "bpe",
        .size = SMALL,
        .sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        .end_of_text = END,
        .pad = -1,
        .unknown = -1,
        .cls = -1,
        .sep = -1,
        .mask = -1,
        .bytes = small_bytes,
        .flags = small_flags,
        .words = small_words,
        .newlines = small_newlines,
    };
}

// A file of `count` ids that says it has `told`.
static void write_tokens(const char *path, const struct token_vocabulary *vocabulary,
                         const uint32_t *ids, size_t count, const uint64_t *ends, size_t lines,
                         uint64_t told) {
    struct error error = {0};
    struct record_builder r = {0};
    struct record_writer *writer;
    CHECK_INT(record_writer_open(&writer, &(struct record_writer_options){.path = path}, &error),
              STATUS_OK);
    record_begin_header(&r, "tokens", "unit", NULL);
    CHECK_INT(record_write(writer, &r, &error), STATUS_OK);
    CHECK_INT(tokens_write_vocabulary(writer, &r, vocabulary, &error), STATUS_OK);
    size_t width = tokens_width(vocabulary->size);
    uint8_t *packed;
    CHECK_INT(memory_allocate((void **)&packed, count, width, "ids", &error), STATUS_OK);
    tokens_pack(packed, width, ids, count);
    CHECK_INT(tokens_write_ids(writer, &r, width, packed, count, &error), STATUS_OK);
    free(packed);
    CHECK_INT(tokens_write_lines(writer, &r, ends, lines, &error), STATUS_OK);
    CHECK_INT(tokens_write_text(writer, &r, 100, 20, lines, told, &error), STATUS_OK);
    CHECK_INT(record_writer_finish(writer, &error), STATUS_OK);
    record_builder_free(&r);
}

// "aab  c\na" and the end of the text.
static const uint32_t IDS[] = {A, A, B_SPACE, SPACE_C, NEWLINE, A, END};
static const uint64_t ENDS[] = {5, 7};

static void test_small(void) {
    struct error error = {0};
    struct token_file file;
    struct token_vocabulary v = small_vocabulary();
    write_tokens(files_path("t.msgpack.zst"), &v, IDS, 7, ENDS, 2, 7);
    CHECK_INT(token_file_read(&file, files_path("t.msgpack.zst"), &error), STATUS_OK);
    CHECK_INT(file.count, 7);
    CHECK_INT(file.width, 2);
    CHECK_INT(file.vocabulary.size, SMALL);
    CHECK_INT(file.vocabulary.end_of_text, END);
    CHECK_INT(file.vocabulary.mask, -1);
    CHECK(strcmp(file.vocabulary.model, "bpe") == 0);
    CHECK(strcmp(file.name, "t.msgpack.zst") == 0);
    CHECK(memcmp(file.vocabulary.bytes, small_bytes, sizeof small_bytes) == 0);
    CHECK(memcmp(file.vocabulary.flags, small_flags, sizeof small_flags) == 0);
    CHECK_INT(file.line_count, 2);
    CHECK(file.line_ends && file.line_ends[0] == 5 && file.line_ends[1] == 7);
    CHECK_INT(file.text_bytes, 100);
    CHECK_INT(strlen(file.sha256), 64);
    for (size_t i = 0; i < 7; i++) {
        CHECK_INT(token_file_id(&file, i), IDS[i]);
    }
    uint64_t bytes, words;
    token_file_measure(&file, 0, 7, &bytes, &words);
    CHECK_INT(bytes, 8);
    CHECK_INT(words, 4); // aab, c, the line's end, a
    // Neighbouring ranges add up.
    for (size_t cut = 0; cut <= 7; cut++) {
        uint64_t more_bytes, more_words;
        token_file_measure(&file, 0, cut, &bytes, &words);
        token_file_measure(&file, cut, 7, &more_bytes, &more_words);
        CHECK_INT(bytes + more_bytes, 8);
        CHECK_INT(words + more_words, 4);
    }
    struct token_file other = file;
    CHECK_INT(token_file_same_vocabulary(&file, &other, &error), STATUS_OK);
    other.vocabulary.sha256[0] = 'f';
    CHECK_INT(token_file_same_vocabulary(&file, &other, &error), STATUS_DAMAGED);
    CHECK_STRING(error.message, "different vocabularies");
    token_file_free(&file);
}

// More ids than fit one record, in two bytes and in four.
static void test_long(void) {
    enum { COUNT = (1 << 20) + 1000 };
    static const uint32_t SIZES[] = {1 << 16, (1 << 16) + 1};
    uint32_t *ids = malloc(COUNT * sizeof *ids);
    for (int s = 0; s < 2; s++) {
        struct error error = {0};
        struct token_file file;
        struct token_vocabulary v = small_vocabulary();
        v.size = SIZES[s];
        v.bytes = calloc(v.size, 2);
        v.flags = calloc(v.size, 1);
        v.words = calloc(v.size, 1);
        v.newlines = calloc(v.size, 1);
        for (uint32_t i = 0; i < COUNT; i++) {
            ids[i] = (uint32_t)((uint64_t)i * 40503 % v.size);
        }
        ids[COUNT - 1] = v.size - 1;
        write_tokens(files_path("long"), &v, ids, COUNT, NULL, 0, COUNT);
        CHECK_INT(token_file_read(&file, files_path("long"), &error), STATUS_OK);
        CHECK_INT(file.width, s == 0 ? 2 : 4);
        CHECK_INT(file.count, COUNT);
        CHECK(!file.line_ends);
        bool same = true;
        for (size_t i = 0; i < file.count; i++) {
            same = same && token_file_id(&file, i) == ids[i];
        }
        CHECK(same);
        token_file_free(&file);
        token_vocabulary_free(&v);
    }
    free(ids);
}

static void expect_bad(const char *text) {
    struct error error = {0};
    struct token_file file;
    CHECK_INT(token_file_read(&file, files_path("bad"), &error), STATUS_DAMAGED);
    CHECK_STRING(error.message, text);
    CHECK(!file.ids && !file.name);
}

static void test_refused(void) {
    struct token_vocabulary v = small_vocabulary();
    write_tokens(files_path("bad"), &v, (const uint32_t[]){1, SMALL}, 2, NULL, 0, 2);
    expect_bad("record 2: id 5 is beyond the vocabulary of 5");
    write_tokens(files_path("bad"), &v, IDS, 7, NULL, 0, 8);
    expect_bad("not as many tokens");
    write_tokens(files_path("bad"), &v, IDS, 0, NULL, 0, 0);
    expect_bad("no tokens");
    write_tokens(files_path("bad"), &v, IDS, 7, (const uint64_t[]){5, 4}, 2, 7);
    expect_bad("line ends out of order");
    write_tokens(files_path("bad"), &v, IDS, 7, (const uint64_t[]){5, 8}, 2, 7);
    expect_bad("behind the last token");
    v.mask = SMALL;
    write_tokens(files_path("bad"), &v, IDS, 7, NULL, 0, 7);
    expect_bad("special id");
    write_small(files_path("bad"));
    expect_bad("is a run log, not a token file");
    struct error error = {0};
    struct token_file file;
    CHECK_INT(token_file_read(&file, files_path("absent"), &error), STATUS_FAILURE);
    CHECK_STRING(error.message, "No such file");
}

int main(void) {
    files_start();
    RUN(test_small);
    RUN(test_long);
    RUN(test_refused);
    files_finish();
    return check_finish();
}
