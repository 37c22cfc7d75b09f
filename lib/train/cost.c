// What a run has cost so far: time and memory, over all the processes that it took.
#include "lib/base/memory.h"
#include "lib/base/program.h"
#include "lib/train/trainer.h"

double trainer_seconds(const struct trainer *t) {
    return t->seconds_before + clock_seconds() - t->started;
}

void trainer_note_memory(struct trainer *t) {
    struct model_memory now;
    uint64_t resident = memory_peak_resident(), device_bytes = t->ops->bytes_peak(t->dev);
    model_count_memory(&t->config, model_tying(t->model), t->ops, &now);
    t->peak.counted = now.total > t->peak.counted.total ? now : t->peak.counted;
    t->peak.resident = resident > t->peak.resident ? resident : t->peak.resident;
    t->peak.device = device_bytes > t->peak.device ? device_bytes : t->peak.device;
}
