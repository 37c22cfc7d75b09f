// Files: whole reads, and outputs that appear under their name whole or not at all.
#define _GNU_SOURCE
#include "lib/base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file_lock.h"
#include "lib/base/hash.h"
#include "tests/unit/check.h"

static struct error error;

static void put(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static bool holds(const char *path, const char *text) {
    char buffer[64];
    FILE *file = fopen(path, "rb");
    if (!file) {
        return false;
    }
    size_t length = fread(buffer, 1, sizeof buffer - 1, file);
    buffer[length] = '\0';
    fclose(file);
    return strcmp(buffer, text) == 0;
}

static void test_commit(void) {
    struct file_output output;
    put("out", "old");
    CHECK_INT(file_output_open(&output, "out", true, &error), STATUS_OK);
    CHECK(!file_output_is_stream(&output));
    CHECK_INT(file_output_write(&output, "new text", 8, &error), STATUS_OK);
    CHECK_INT(output.bytes, 8);
    CHECK(holds("out", "old") && holds("out.partial", "new text"));
    CHECK_INT(file_output_commit(&output, &error), STATUS_OK);
    CHECK(holds("out", "new text") && !file_exists("out.partial"));
}

static void test_abandon(void) {
    struct file_output output;
    CHECK_INT(file_output_open(&output, "left", true, &error), STATUS_OK);
    CHECK_INT(file_output_write(&output, "half", 4, &error), STATUS_OK);
    file_output_abandon(&output, true);
    CHECK(!file_exists("left") && holds("left.partial", "half"));
    CHECK_INT(file_output_open(&output, "left", true, &error), STATUS_OK); // begins anew
    CHECK(holds("left.partial", ""));
    file_output_abandon(&output, false);
    CHECK(!file_exists("left") && !file_exists("left.partial"));
}

static void test_reopen(void) {
    struct file_output output;
    put("go.partial", "0123456789");
    CHECK_INT(file_output_reopen(&output, "go", 4, &error), STATUS_OK);
    CHECK_INT(file_output_write(&output, "abc", 3, &error), STATUS_OK);
    CHECK_INT(output.bytes, 7);
    CHECK_INT(file_output_commit(&output, &error), STATUS_OK);
    CHECK(holds("go", "0123abc"));
    put("go.partial", "0123");
    CHECK_INT(file_output_reopen(&output, "go", 5, &error), STATUS_DAMAGED);
    CHECK(holds("go.partial", "0123"));
    unlink("go.partial");
    CHECK_INT(file_output_reopen(&output, "go", 0, &error), STATUS_FAILURE);
    CHECK(!file_exists("go.partial"));
    CHECK_INT(file_output_reopen(&output, "-", 0, &error), STATUS_FAILURE);
}

// A file has one writer; it is free again once that one is done, under whatever name.
static void test_lock(void) {
    struct file_output first, second;
    CHECK_INT(file_output_open(&first, "one", true, &error), STATUS_OK);
    CHECK_INT(file_output_write(&first, "mine", 4, &error), STATUS_OK);
    CHECK_INT(file_output_open(&second, "one", true, &error), STATUS_FAILURE);
    CHECK_STRING(error.message, "another process is writing it");
    CHECK_INT(file_output_reopen(&second, "one", 0, &error), STATUS_FAILURE);
    CHECK(holds("one.partial", "mine"));
    CHECK_INT(file_output_commit(&first, &error), STATUS_OK);
    CHECK_INT(file_output_open(&second, "one", true, &error), STATUS_OK);
    file_output_abandon(&second, false);
    CHECK(holds("one", "mine"));
}

static void commit_held(int *hold, const char *text, enum status expected) {
    struct file_output output;
    CHECK_INT(file_output_open(&output, "kept", true, &error), STATUS_OK);
    output.hold = hold;
    CHECK_INT(file_output_write(&output, text, strlen(text), &error), STATUS_OK);
    CHECK_INT(file_output_commit(&output, &error), expected);
    if (expected != STATUS_OK) {
        file_output_abandon(&output, false);
    }
}

// Who holds a file replaces it as often as he likes, and nobody else does.
static void test_hold(void) {
    int mine = -1, another = -1;
    CHECK_INT(file_hold(&mine, "kept", &error), STATUS_OK);
    CHECK_INT(mine, -1); // there is none yet
    commit_held(&mine, "first", STATUS_OK);
    CHECK(mine >= 0);
    CHECK_INT(file_hold(&another, "kept", &error), STATUS_FAILURE);
    CHECK_STRING(error.message, "cannot write 'kept': another process is writing it");
    commit_held(&another, "theirs", STATUS_FAILURE);
    CHECK(holds("kept", "first") && !file_exists("kept.partial"));
    commit_held(&mine, "second", STATUS_OK);
    CHECK(holds("kept", "second"));
    CHECK_INT(file_hold(&another, "kept", &error), STATUS_FAILURE);
    file_let_go(&mine);
    CHECK_INT(file_hold(&another, "kept", &error), STATUS_OK);
    CHECK(another >= 0);
    file_remove("kept");
    CHECK(!file_exists("kept"));
    CHECK_INT(file_hold(&mine, "kept", &error), STATUS_OK); // that one is of no name
    file_let_go(&another);
}

static void test_full_disk(void) {
    struct file_output output;
    CHECK_INT(file_output_open(&output, "/dev/full", true, &error), STATUS_OK);
    CHECK(file_output_is_stream(&output));
    CHECK_INT(file_output_write(&output, "x", 1, &error), STATUS_FAILURE);
    CHECK_STRING(error.message, "cannot write '/dev/full': No space left on device");
    file_output_abandon(&output, false);
    CHECK(!file_exists("/dev/full.partial"));
}

static void test_refused(void) {
    struct file_output output;
    CHECK_INT(file_output_open(&output, ".", true, &error), STATUS_FAILURE);
    CHECK_STRING(error.message, "is a directory");
    CHECK_INT(file_output_open(&output, "no/such/folder", true, &error), STATUS_FAILURE);
    CHECK_INT(file_output_open(&output, "", true, &error), STATUS_USAGE);
}

static void expect_trap(const char *problem) {
    struct file_output output;
    char message[128];
    snprintf(message, sizeof message, "cannot write 'trap.partial': %s", problem);
    CHECK_INT(file_output_open(&output, "trap", true, &error), STATUS_FAILURE);
    CHECK(strcmp(error.message, message) == 0);
    CHECK_INT(file_output_reopen(&output, "trap", 0, &error), STATUS_FAILURE);
    CHECK(strcmp(error.message, message) == 0);
    unlink("trap.partial");
}

// What somebody has put where an unfinished file will be is neither written nor cut.
static void test_traps(void) {
    CHECK_INT(symlink("elsewhere", "trap.partial"), 0);
    expect_trap("is a symbolic link");
    CHECK(!file_exists("elsewhere"));
    put("precious", "text");
    CHECK_INT(symlink("precious", "trap.partial"), 0);
    expect_trap("is a symbolic link");
    CHECK_INT(link("precious", "trap.partial"), 0);
    expect_trap("has another name too");
    CHECK(holds("precious", "text"));
    CHECK_INT(mkfifo("trap.partial", 0600), 0);
    expect_trap("is no plain file");
    if (geteuid() == 0) { // another user's file, which only the superuser can make
        put("trap.partial", "theirs");
        CHECK_INT(chown("trap.partial", 1, 1), 0);
        expect_trap("belongs to another user");
    }
}

// A link of the final name is replaced; what it led to stays as it was.
static void test_link_as_name(void) {
    struct file_output output;
    struct stat info;
    put("target", "old");
    CHECK_INT(symlink("target", "name"), 0);
    CHECK_INT(file_output_open(&output, "name", true, &error), STATUS_OK);
    CHECK_INT(file_output_write(&output, "new", 3, &error), STATUS_OK);
    CHECK_INT(file_output_commit(&output, &error), STATUS_OK);
    CHECK(lstat("name", &info) == 0 && S_ISREG(info.st_mode));
    CHECK(holds("name", "new") && holds("target", "old"));
}

// A name like /dev/fd/N is written in place, also where a regular file is behind it.
static void test_descriptor_name(void) {
    struct file_output output;
    char path[32];
    put("behind", "");
    int descriptor = open("behind", O_WRONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/dev/fd/%d", descriptor);
    CHECK_INT(file_output_open(&output, path, true, &error), STATUS_OK);
    CHECK(file_output_is_stream(&output));
    CHECK_INT(file_output_write(&output, "there", 5, &error), STATUS_OK);
    CHECK_INT(file_output_commit(&output, &error), STATUS_OK);
    close(descriptor);
    CHECK(holds("behind", "there"));
}

static void test_input(void) {
    struct file_input input;
    struct buffer buffer = {0};
    put("in", "abc");
    CHECK_INT(file_input_open(&input, "in", &error), STATUS_OK);
    CHECK_INT(file_input_read_all(&input, &buffer, 3, &error), STATUS_OK);
    CHECK(buffer.length == 3 && memcmp(buffer.data, "abc", 3) == 0);
    char text[HASH_SHA256_TEXT];
    hash_sha256_finish(&input.sha256, text); // the standard's own example
    CHECK_STRING(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    file_input_close(&input);
    buffer.length = 0;
    CHECK_INT(file_input_open(&input, "in", &error), STATUS_OK);
    CHECK_INT(file_input_read_all(&input, &buffer, 2, &error), STATUS_FAILURE);
    CHECK_STRING(error.message, "larger than 2 bytes");
    file_input_close(&input);
    buffer_free(&buffer);
    CHECK_INT(file_input_open(&input, "absent", &error), STATUS_FAILURE);
    CHECK_STRING(error.message, "cannot open 'absent': No such file");
    CHECK_INT(file_input_open(&input, ".", &error), STATUS_FAILURE);
    CHECK_STRING(error.message, "is a directory");
}

static void test_buffer(void) {
    struct buffer buffer = {0};
    CHECK_INT(buffer_append(&buffer, NULL, 0, &error), STATUS_OK);
    for (int i = 0; i < 1000; i++) {
        CHECK_INT(buffer_append(&buffer, "0123456789", 10, &error), STATUS_OK);
    }
    CHECK(buffer.length == 10000 && buffer.data[9999] == '9');
    CHECK_INT(buffer_reserve(&buffer, SIZE_MAX - 100, &error), STATUS_FAILURE);
    CHECK_INT(buffer_reserve(&buffer, (size_t)1 << 62, &error), STATUS_FAILURE);
    CHECK_INT(buffer.length, 10000);
    buffer_free(&buffer);
    void *memory;
    CHECK_INT(memory_allocate(&memory, 0, 8, "nothing", &error), STATUS_OK);
    CHECK(memory && (uintptr_t)memory % 64 == 0);
    free(memory);
    CHECK_INT(memory_allocate(&memory, SIZE_MAX / 2, 8, "all", &error), STATUS_FAILURE);
    CHECK_STRING(error.message, "for all");
    CHECK(!memory);
}

static void test_names(void) {
    CHECK(strcmp(file_base_name("a/b/c"), "c") == 0);
    CHECK(strcmp(file_base_name("c"), "c") == 0);
    char *directory, *partial;
    CHECK_INT(file_program_directory(&directory, &error), STATUS_OK);
    CHECK(directory[0] == '/');
    free(directory);
    CHECK_INT(file_partial_name(&partial, "a/b", &error), STATUS_OK);
    CHECK(strcmp(partial, "a/b.partial") == 0);
    free(partial);
}

int main(void) {
    char folder[] = "/tmp/dlt-unit-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) {
        perror(folder);
        return 1;
    }
    RUN(test_commit);
    RUN(test_abandon);
    RUN(test_reopen);
    RUN(test_lock);
    RUN(test_hold);
    RUN(test_full_disk);
    RUN(test_refused);
    RUN(test_traps);
    RUN(test_link_as_name);
    RUN(test_descriptor_name);
    RUN(test_input);
    RUN(test_buffer);
    RUN(test_names);
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return check_finish() || system(command) != 0;
}
