#include "lib/train/dialogue.h"

#include <stdlib.h>
#include <string.h>

enum status dialogue_open(struct dialogue *dialogue, const struct settings *settings,
                          struct error *error) {
    *dialogue = (struct dialogue){.layers = (int)settings->layers};
    struct settings_map map;
    enum status status = settings_map_open(&map, settings, error);
    if (status == STATUS_OK) {
        status =
            agent_open(&dialogue->agent, settings->agent, settings->agent_timeout, dialogue->layers,
                       (uint64_t)settings->seed, &map.config, &dialogue->ready, error);
        settings_map_close(&map);
    }
    dialogue->keeps = settings->checkpoint && dialogue->ready.can_save;
    return status;
}

void dialogue_close(struct dialogue *dialogue) {
    agent_close(dialogue->agent);
    buffer_free(&dialogue->blob);
    free(dialogue->exchanges);
    *dialogue = (struct dialogue){0};
}

enum status dialogue_append(struct dialogue *dialogue, const struct exchange *exchange,
                            struct error *error) {
    if (dialogue->count == dialogue->capacity) {
        size_t capacity = dialogue->capacity ? 2 * dialogue->capacity : 64;
        void *memory = realloc(dialogue->exchanges, capacity * sizeof *exchange);
        if (!memory) {
            return error_set(error, STATUS_FAILURE, "cannot allocate memory for the dialogue");
        }
        dialogue->exchanges = memory;
        dialogue->capacity = capacity;
    }
    dialogue->exchanges[dialogue->count++] = *exchange;
    return STATUS_OK;
}

static enum status remember(struct dialogue *dialogue, const struct exchange *exchange,
                            struct error *error) {
    return dialogue->keeps ? dialogue_append(dialogue, exchange, error) : STATUS_OK;
}

enum status dialogue_ask(struct dialogue *dialogue, int64_t episode, int layer, const int *state,
                         int *source, msgpack_object *info, struct error *error) {
    enum status status = agent_ask(dialogue->agent, episode, layer, state, source, info, error);
    return status == STATUS_OK
               ? remember(dialogue,
                          &(struct exchange){.episode = episode, .layer = layer, .source = *source},
                          error)
               : status;
}

enum status dialogue_reward(struct dialogue *dialogue, int64_t episode, int layer, const int *state,
                            const struct agent_reward *reward, struct error *error) {
    if (dialogue->keeps) { // the visit's ask came just before
        dialogue->exchanges[dialogue->count - 1].rewarded = true;
        dialogue->exchanges[dialogue->count - 1].reward = *reward;
    }
    return agent_reward(dialogue->agent, episode, layer, state, reward, error);
}

enum status dialogue_end_episode(struct dialogue *dialogue, int64_t episode, struct error *error) {
    enum status status =
        remember(dialogue, &(struct exchange){.episode = episode, .layer = -1}, error);
    return status == STATUS_OK ? agent_end_episode(dialogue->agent, episode, error) : status;
}

enum status dialogue_save(struct dialogue *dialogue, const int *map, struct error *error) {
    struct buffer blob = {0};
    enum status status = agent_save(dialogue->agent, &blob, error);
    if (status != STATUS_OK) {
        buffer_free(&blob);
        return status;
    }
    buffer_free(&dialogue->blob);
    dialogue->blob = blob;
    memcpy(dialogue->map, map, (size_t)dialogue->layers * sizeof *map);
    dialogue->count = 0;
    return STATUS_OK;
}

enum status dialogue_restore(struct dialogue *dialogue, struct error *error) {
    int map[TYING_LAYERS_MAX];
    memcpy(map, dialogue->map, sizeof map);
    enum status status =
        agent_restore(dialogue->agent, dialogue->blob.data, dialogue->blob.length, error);
    for (size_t n = 0; n < dialogue->count && status == STATUS_OK; n++) {
        const struct exchange *said = &dialogue->exchanges[n];
        if (said->layer < 0) {
            status = agent_end_episode(dialogue->agent, said->episode, error);
            continue;
        }
        int source = -1;
        msgpack_object info;
        status = agent_ask(dialogue->agent, said->episode, said->layer, map, &source, &info, error);
        if (status == STATUS_OK && source != said->source) {
            status = error_set(error, STATUS_AGENT,
                               "the agent does not go on as it was: it gave layer %d source %d, "
                               "and now %d",
                               said->layer, said->source, source);
        }
        map[said->layer] = said->source;
        if (status == STATUS_OK && said->rewarded) {
            status = agent_reward(dialogue->agent, said->episode, said->layer, map, &said->reward,
                                  error);
        }
    }
    return status;
}
