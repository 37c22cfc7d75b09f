// Any bytes as a checkpoint: read as a run that goes on does, written, and read and written again.
#include <string.h>
#include <unistd.h>

#include "lib/train/checkpoint.h"
#include "tests/fuzz/seal.h"

enum { MODEL_BYTES_MAX = 1 << 18 }; // larger networks are not what is tried here

static const struct ops *ops;
static device *dev;

// A checkpoint with the network that it is of.
struct loaded {
    bool opened;
    struct checkpoint checkpoint;
    struct model *model; // NULL: too large
    struct dialogue dialogue;
};

static enum status open_model(struct loaded *loaded, struct error *error) {
    struct checkpoint *c = &loaded->checkpoint;
    struct model_config config;
    struct model_memory memory;
    FUZZ_CHECK(settings_check_labels(c->settings.labels, error) == STATUS_OK);
    const int all_tied[TYING_LAYERS_MAX] = {0};
    settings_model_config(&c->settings, c->state.vocabulary, &config);
    model_count_memory(&config, &c->tying, ops, &memory);
    if (memory.total > MODEL_BYTES_MAX) {
        return STATUS_OK;
    }
    FUZZ_CHECK(model_open(&loaded->model, ops, dev, &config, all_tied, error) == STATUS_OK);
    loaded->dialogue.layers = config.layers;
    return checkpoint_load(c, loaded->model, ops, dev, &loaded->dialogue, error);
}

static enum status load(struct loaded *loaded, const char *path, struct error *error) {
    *loaded = (struct loaded){0};
    enum status status = checkpoint_open(&loaded->checkpoint, path, error);
    loaded->opened = status == STATUS_OK;
    return loaded->opened ? open_model(loaded, error) : status;
}

static void unload(struct loaded *loaded) {
    if (loaded->model) {
        model_close(loaded->model);
    }
    dialogue_close(&loaded->dialogue);
    if (loaded->opened) {
        checkpoint_close(&loaded->checkpoint);
    }
}

// What the agent is told again has to be something that it could have been told.
static void check_dialogue(const struct dialogue *dialogue) {
    struct error error;
    FUZZ_CHECK(tying_map_check(dialogue->map, dialogue->layers, &error) == STATUS_OK);
    for (size_t i = 0; i < dialogue->count; i++) {
        const struct exchange *said = &dialogue->exchanges[i];
        FUZZ_CHECK(said->layer == -1 || (said->layer >= 1 && said->layer < dialogue->layers &&
                                         said->source >= 0 && said->source <= said->layer));
    }
}

static uint64_t digest_of(const char *path) {
    struct record_reader *reader;
    struct record record;
    struct error error;
    bool more = true;
    FUZZ_CHECK(record_reader_open(&reader, path, NULL, "checkpoint", RECORD_STRICT, &error) ==
               STATUS_OK);
    while (more) {
        FUZZ_CHECK(record_read(reader, &record, &more, &error) == STATUS_OK);
    }
    uint64_t digest = record_reader_content_digest(reader);
    record_reader_close(reader);
    return digest;
}

// Writes what was loaded into a new file.
static struct fuzz_file write_again(struct loaded *loaded) {
    struct fuzz_file file = fuzz_file_open("", 0);
    struct error error;
    const struct invocation invocation = {.threads = 1};
    const struct checkpoint *c = &loaded->checkpoint;
    FUZZ_CHECK(checkpoint_write(file.path, &c->settings, &invocation, &c->changing, &c->state,
                                &loaded->dialogue, loaded->model, ops, dev, &error) == STATUS_OK);
    return file;
}

static void check_again(struct loaded *first) {
    struct loaded second;
    struct error error;
    struct fuzz_file once = write_again(first);
    FUZZ_CHECK(load(&second, once.path, &error) == STATUS_OK && second.model);
    struct fuzz_file twice = write_again(&second);
    FUZZ_CHECK(digest_of(once.path) == digest_of(twice.path));
    FUZZ_CHECK(memcmp(&first->checkpoint.state, &second.checkpoint.state,
                      sizeof first->checkpoint.state) == 0);
    unload(&second);
    fuzz_file_close(&once);
    fuzz_file_close(&twice);
}

void fuzz_one(const uint8_t *data, size_t size) {
    struct loaded loaded;
    struct error error = {0};
    if (!ops) {
        FUZZ_CHECK(ops_cpu(&ops, &error) == STATUS_OK && ops->open(&dev, &error) == STATUS_OK);
    }
    struct fuzz_file file = seal_open(data, size);
    enum status status = load(&loaded, file.path, &error);
    fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_DAMAGED));
    if (status == STATUS_OK && loaded.model) {
        check_dialogue(&loaded.dialogue);
        if (fuzz_pick(4, data, size) == 0) {
            check_again(&loaded);
        }
    }
    unload(&loaded);
    fuzz_file_close(&file);
}
