// Files and standard streams: whole reads, atomic writes.
//
// Calling sequence of an output:
//     file_output_open()        NAME.partial, locked; or standard output for "-" or NULL
//     file_output_write() ...
//     file_output_commit()      synced, renamed to NAME; the only way NAME comes to be
// or, at any point before commit, file_output_abandon(). An output that is a device, a pipe or a
// socket is written as it is, without a partial name. A symbolic link called NAME is replaced, not
// followed; a NAME.partial that is one, or another user's file, is refused.
#ifndef DLT_BASE_FILE_H
#define DLT_BASE_FILE_H

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

struct file_input {
    int descriptor;
    char *name;               // as shown in messages: the path, or "standard input"
    struct sha256_ctx sha256; // of all bytes read so far
    uint64_t bytes;           // read so far
};

// "-" is standard input.
enum status file_input_open(struct file_input *input, const char *path, struct error *error);
// Reads up to `capacity` bytes; *length is 0 at the end of the file only.
enum status file_input_read(struct file_input *input, void *data, size_t capacity, size_t *length,
                            struct error *error);
void file_input_close(struct file_input *input);
// Appends everything that is left, up to `limit` bytes; more than that is an error.
enum status file_input_read_all(struct file_input *input, struct buffer *buffer, size_t limit,
                                struct error *error);

struct file_output {
    int descriptor;
    char *path;      // final name, NULL for a stream
    char *partial;   // name while unfinished, NULL where the output is written in place
    uint64_t bytes;  // written so far
    uint64_t begun;  // of them, those that the disk was told to begin with
    double deadline; // for the reader of a stream, once a signal is noted; 0 before
    // The owner may set, after opening:
    uint64_t
        expected; // bytes of the whole file, which the message of a full disk tells; 0: unknown
    int *hold;    // of file_hold() (file_lock.h) for this path: passes on to the new file
};

// With `binary`, refuses a terminal. Cuts an existing NAME.partial to zero length.
enum status file_output_open(struct file_output *output, const char *path, bool binary,
                             struct error *error);
// Opens the NAME.partial that an interrupted run left, cuts it to `length` bytes and goes on from
// there. STATUS_DAMAGED if it is shorter than that.
enum status file_output_reopen(struct file_output *output, const char *path, uint64_t length,
                               struct error *error);
bool file_output_is_stream(const struct file_output *output); // cannot be cut back and gone on with
// After a noted signal (program.h) the reader of a stream is waited for until a few seconds after the
// first write that sees it, and no longer, by this and all later writes. Only a thread that may take
// the signal leaves a write that waits already.
enum status file_output_write(struct file_output *output, const void *data, size_t length,
                              struct error *error);
enum status file_output_sync(struct file_output *output, struct error *error);
// On failure the output is still to be abandoned.
enum status file_output_commit(struct file_output *output, struct error *error);
// Closes without finishing. The partial file stays when `keep` (an interrupted run), else it goes.
void file_output_abandon(struct file_output *output, bool keep);

bool file_exists(const char *path);
bool file_is_regular(const char *path); // or a link to such a file
// Whether an output of this name comes to be as a whole, in the place of the regular file that is
// there, if one is; false of a stream, a device, a folder and another name of an open file.
bool file_is_replaced(const char *path);
// Whether an output of this name goes where standard output goes.
bool file_is_standard_output(const char *path);
// PATH without directories, for the name of an input in a record.
const char *file_base_name(const char *path);
// The directory that PATH is in. Caller frees; NULL: no memory.
char *file_directory_of(const char *path);
// What PATH is called until it is whole. Caller frees; NULL where that fails.
enum status file_partial_name(char **partial, const char *path, struct error *error);
// The directory that holds the running program, for finding its siblings. Caller frees.
enum status file_program_directory(char **directory, struct error *error);

#endif
