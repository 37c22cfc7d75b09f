// Tries each input in a folder: replay [FOLDER], by default tests/fuzz/NAME of the program's name.
// Prints TAP. An input that is not taken ends the program.
#define _GNU_SOURCE
#include <dirent.h>
#include <libgen.h>
#include <string.h>

#include "lib/base/file.h"
#include "tests/fuzz/fuzz.h"

static void try_file(const char *path) {
    struct error error = {0};
    struct file_input input;
    struct buffer data = {0};
    FUZZ_CHECK(file_input_open(&input, path, &error) == STATUS_OK);
    FUZZ_CHECK(file_input_read_all(&input, &data, 1 << 24, &error) == STATUS_OK);
    for (fuzz_turn = 0; fuzz_turn < fuzz_turns; fuzz_turn++) {
        fuzz_one(data.data, data.length);
    }
    buffer_free(&data);
    file_input_close(&input);
}

int main(int argc, char **argv) {
    char folder[4096];
    snprintf(folder, sizeof folder, "%s%s", argc > 1 ? "" : "tests/fuzz/",
             argc > 1 ? argv[1] : basename(argv[0]));
    struct dirent **names;
    int count = scandir(folder, &names, NULL, alphasort), tried = 0;
    for (int i = 0; i < count; i++) {
        char path[8192];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] != '.') {
            try_file(path);
            printf("ok %d - %s\n", ++tried, path);
            fflush(stdout);
        }
        free(names[i]);
    }
    if (count >= 0) {
        free(names);
    }
    printf("1..%d\n", tried);
    return tried > 0 ? 0 : 1;
}
