#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/base/list.h"
#include "lib/base/memory.h"

// The least of several limits on what can still be taken.
struct least {
    bool known;
    uint64_t bytes;
};

static void limit_to(struct least *least, uint64_t limit, uint64_t used) {
    uint64_t left = limit > used ? limit - used : 0;
    if (!least->known || left < least->bytes) {
        *least = (struct least){true, left};
    }
}

// The number behind `key` on the line that begins with it; "" is the number that begins the file.
// False where there is none, as in "max".
static bool read_number(const char *path, const char *key, uint64_t *number) {
    FILE *file = fopen(path, "r");
    char line[512];
    bool found = false;
    size_t length = strlen(key);
    while (file && !found && fgets(line, sizeof line, file)) {
        found = strncmp(line, key, length) == 0 && sscanf(line + length, " %" SCNu64, number) == 1;
    }
    if (file) {
        fclose(file);
    }
    return found;
}

// What the system can give without swapping.
static void limit_to_system(struct least *least, const char *root) {
    char path[4096];
    uint64_t kilobytes;
    snprintf(path, sizeof path, "%s/proc/meminfo", root);
    if (read_number(path, "MemAvailable:", &kilobytes)) {
        limit_to(least, kilobytes * 1024, 0);
    }
}

// ---- Control groups ---------------------------------------------------------------------------

// The two versions, by the names of their files; version 2 names no controllers.
static const struct hierarchy {
    const char *controllers, *folder, *limit, *usage, *cache[2];
} HIERARCHIES[] = {
    {"", "/sys/fs/cgroup", "memory.max", "memory.current", {"inactive_file ", "active_file "}},
    {"memory",
     "/sys/fs/cgroup/memory",
     "memory.limit_in_bytes",
     "memory.usage_in_bytes",
     {"total_inactive_file ", "total_active_file "}},
};

// Pages of files count as used, but are given up before anything fails.
static void limit_to_group(struct least *least, const struct hierarchy *h, const char *group) {
    char path[4096 + 64];
    uint64_t limit, usage, cached;
    snprintf(path, sizeof path, "%s/%s", group, h->limit);
    if (!read_number(path, "", &limit)) {
        return;
    }
    snprintf(path, sizeof path, "%s/%s", group, h->usage);
    if (!read_number(path, "", &usage)) {
        return;
    }
    snprintf(path, sizeof path, "%s/memory.stat", group);
    for (size_t i = 0; i < ARRAY_LENGTH(h->cache); i++) {
        if (read_number(path, h->cache[i], &cached)) {
            usage -= cached < usage ? cached : usage;
        }
    }
    limit_to(least, limit, usage);
}

// The group and all that it lies in. A container may see itself where the others see the root: names
// that are not there are passed over.
static void limit_to_groups_above(struct least *least, const struct hierarchy *h, const char *root,
                                  const char *group) {
    char path[4096];
    int base = snprintf(path, sizeof path, "%s%s", root, h->folder);
    if (base < 0 || (size_t)base + strlen(group) >= sizeof path) {
        return;
    }
    strcpy(path + base, strcmp(group, "/") == 0 ? "" : group);
    limit_to_group(least, h, path);
    for (char *slash; (slash = strrchr(path + base, '/')) != NULL;) {
        *slash = '\0';
        limit_to_group(least, h, path);
    }
}

// Lines of NUMBER:CONTROLLERS:GROUP.
static void limit_to_groups(struct least *least, const char *root) {
    char line[4096];
    snprintf(line, sizeof line, "%s/proc/self/cgroup", root);
    FILE *file = fopen(line, "r");
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group) {
            continue;
        }
        *controllers++ = *group++ = '\0';
        for (size_t i = 0; i < ARRAY_LENGTH(HIERARCHIES); i++) {
            if (list_has(controllers, HIERARCHIES[i].controllers)) {
                limit_to_groups_above(least, &HIERARCHIES[i], root, group);
            }
        }
    }
    if (file) {
        fclose(file);
    }
}

// ---- The process's own limits (ulimit -v, ulimit -d) -------------------------------------------

static void limit_to_own(struct least *least) {
    static const struct {
        __rlimit_resource_t resource;
        const char *key;
    } OWN[] = {{RLIMIT_AS, "VmSize:"}, {RLIMIT_DATA, "VmData:"}};
    for (size_t i = 0; i < ARRAY_LENGTH(OWN); i++) {
        struct rlimit limit;
        uint64_t kilobytes;
        if (getrlimit(OWN[i].resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
            read_number("/proc/self/status", OWN[i].key, &kilobytes)) {
            limit_to(least, limit.rlim_cur, kilobytes * 1024);
        }
    }
}

uint64_t memory_available(const char *root) {
    struct least least = {0};
    limit_to_system(&least, root);
    limit_to_groups(&least, root);
    limit_to_own(&least);
    return !least.known ? 0 : least.bytes > 0 ? least.bytes : 1;
}
