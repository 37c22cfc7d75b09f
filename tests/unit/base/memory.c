// What memory there is to be had, as a machine's /proc and control groups tell it.
#define _GNU_SOURCE
#include "lib/base/memory.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/check.h"

static char root[] = "/tmp/dlt-memory-XXXXXX";

// Writes ROOT/PATH, and the folders that it is in.
static void put(const char *path, const char *text) {
    char name[512];
    int length = snprintf(name, sizeof name, "%s/%s", root, path);
    for (int i = (int)strlen(root) + 1; i < length; i++) {
        if (name[i] == '/') {
            name[i] = '\0';
            mkdir(name, 0777);
            name[i] = '/';
        }
    }
    FILE *file = fopen(name, "w");
    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void begin(const char *groups) {
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", root);
    CHECK_INT(system(command), 0);
    mkdir(root, 0777);
    put("proc/meminfo", "MemTotal: 9000 kB\nMemFree: 1 kB\nMemAvailable:    1000 kB\n");
    put("proc/self/cgroup", groups);
}

static void test_nothing_is_known(void) {
    CHECK_INT(memory_available("/nowhere"), 0);
}

static void test_system(void) {
    begin("0::/\n");
    CHECK_INT(memory_available(root), 1000 * 1024);
}

// The least of a group and all above it; pages of files are not taken.
static void test_groups(void) {
    begin("0::/a/b\n");
    put("sys/fs/cgroup/a/b/memory.max", "max\n");
    put("sys/fs/cgroup/a/b/memory.current", "5000\n");
    CHECK_INT(memory_available(root), 1000 * 1024);
    put("sys/fs/cgroup/a/memory.max", "90000\n");
    put("sys/fs/cgroup/a/memory.current", "30000\n");
    CHECK_INT(memory_available(root), 60000);
    put("sys/fs/cgroup/a/memory.stat", "anon 7\nactive_file 4000\ninactive_file 6000\n");
    CHECK_INT(memory_available(root), 70000);
    put("sys/fs/cgroup/a/b/memory.max", "50000\n");
    CHECK_INT(memory_available(root), 45000);
    put("sys/fs/cgroup/a/b/memory.current", "50001\n");
    CHECK_INT(memory_available(root), 1); // none, and known
}

// As a container sees itself: the group's name is the host's, its files are at the root.
static void test_groups_of_version_1(void) {
    begin("12:misc:/x\n5:cpu,cpuacct:/x\n4:hugetlb,memory:/docker/1\n0::/\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "80000\n");
    put("sys/fs/cgroup/memory/memory.usage_in_bytes", "20000\n");
    put("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1\n"); // not of the memory controller
    put("sys/fs/cgroup/memory/x/memory.usage_in_bytes", "1\n");
    CHECK_INT(memory_available(root), 60000);
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    CHECK_INT(memory_available(root), 1000 * 1024);
}

static void test_own_limits(void) {
    static const int OWN[] = {RLIMIT_AS, RLIMIT_DATA};
    begin("0::/\n");
    put("proc/meminfo", "MemAvailable: 1000000000 kB\n");
    for (size_t i = 0; i < ARRAY_LENGTH(OWN); i++) {
        struct rlimit before, now = {.rlim_cur = (rlim_t)1 << 32};
        getrlimit((__rlimit_resource_t)OWN[i], &before);
        now.rlim_max = before.rlim_max;
        CHECK_INT(setrlimit((__rlimit_resource_t)OWN[i], &now), 0);
        uint64_t left = memory_available(root);
        CHECK(left < (uint64_t)1 << 32 && left > (uint64_t)1 << 31);
        setrlimit((__rlimit_resource_t)OWN[i], &before);
    }
    begin("");
}

int main(void) {
    if (!mkdtemp(root)) {
        return 1;
    }
    RUN(test_nothing_is_known);
    RUN(test_system);
    RUN(test_groups);
    RUN(test_groups_of_version_1);
    RUN_NOT_UNDER("address thread", "its shadow takes terabytes of addresses", test_own_limits);
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", root);
    return check_finish() || system(command) != 0;
}
