// Records about the world around a result: kinds "env" and "input".
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/program.h"
#include "lib/record/builder.h"

// "model name" on x86, elsewhere under other names or not at all.
static void cpu_model(char *text, size_t size) {
    snprintf(text, size, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[512];
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (colon && (strncmp(line, "model name", 10) == 0 || strncmp(line, "cpu model", 9) == 0)) {
            snprintf(text, size, "%s", colon + 1 + strspn(colon + 1, " "));
            text[strcspn(text, "\n")] = '\0';
            break;
        }
    }
    if (file) {
        fclose(file);
    }
}

static void put_system(struct record_builder *r) {
    struct utsname name;
    if (uname(&name) == 0) {
        record_put_string(r, "host", name.nodename);
        record_put_string(r, "system", name.sysname);
        record_put_string(r, "release", name.release);
        record_put_string(r, "machine", name.machine);
    }
    char cpu[256];
    cpu_model(cpu, sizeof cpu);
    record_put_string(r, "cpu", cpu);
    record_put_int(r, "processors", sysconf(_SC_NPROCESSORS_ONLN));
}

static void put_date(struct record_builder *r) {
    char date[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc)) {
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    record_put_string(r, "date", date);
}

enum status record_write_env(struct record_writer *writer, struct record_builder *r, int threads,
                             int argc, char **argv, struct error *error) {
    record_begin(r, "env");
    record_put_string(r, "version", PROGRAM_VERSION);
#ifdef __clang__
    record_put_string(r, "compiler", __VERSION__);
#else
    record_put_string(r, "compiler", "gcc " __VERSION__);
#endif
    put_system(r);
    record_put_int(r, "threads", threads);
    put_date(r);
    record_put_string_array(r, "command", argv, argc > 0 ? (size_t)argc : 0);
    return record_write(writer, r, error);
}

enum status record_write_input(struct record_writer *writer, struct record_builder *r,
                               const char *role, const char *name, uint64_t bytes,
                               const char *sha256, struct error *error) {
    record_begin(r, "input");
    record_put_string(r, "role", role);
    record_put_string(r, "name", file_base_name(name));
    record_put_int(r, "bytes", (int64_t)bytes);
    record_put_string(r, "sha256", sha256);
    return record_write(writer, r, error);
}
