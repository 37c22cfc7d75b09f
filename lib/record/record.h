// The one file and pipe format: NAME.KIND.msgpack.zst (FORMAT.md).
//
// A file is zstd frames (with checksum) around a sequence of msgpack maps. Each map has a string
// under "kind". The first record is kind "header", the last kind "end"; a file without its end
// record is truncated. A reader also accepts the same maps without zstd.
//
// Volatile records, kinds "env", "timing" and "input", are left out of the content digest: two
// files with the same content digest hold the same result.
#ifndef DLT_RECORD_RECORD_H
#define DLT_RECORD_RECORD_H

#include <msgpack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/options.h"
#include "lib/base/status.h"

enum { RECORD_VERSION = 1, RECORD_NESTING = 8 };

// ---- Building a record ----------------------------------------------------------------------
//
//     record_begin(&r, "step");
//     record_put_int(&r, "step", 17);
//     record_put_real(&r, "loss", 3.25);
//     status = record_write(&writer, &r, error);
//
// The put functions remember a failed allocation; record_write reports it. A builder is used again
// for the next record: record_begin empties it.
struct record_builder {
    msgpack_sbuffer bytes;
    msgpack_packer packer;
    struct {
        size_t offset;   // of the fields of the open map within `bytes`
        uint32_t fields; // so far
    } maps[RECORD_NESTING];
    int depth;
    bool is_volatile; // kind "env", "timing" or "input"
    bool failed;
};

void record_builder_free(struct record_builder *r);
void record_begin(struct record_builder *r, const char *kind);
void record_put_int(struct record_builder *r, const char *key, int64_t value);
void record_put_real(struct record_builder *r, const char *key, double value); // NaN made canonical
void record_put_bool(struct record_builder *r, const char *key, bool value);
// NULL: nil. A byte that is not UTF-8 is written as \xNN, here and in an object.
void record_put_string(struct record_builder *r, const char *key, const char *value);
void record_put_binary(struct record_builder *r, const char *key, const void *data, size_t length);
void record_put_int_array(struct record_builder *r, const char *key, const int *values,
                          size_t count);
void record_put_real_array(struct record_builder *r, const char *key, const double *values,
                           size_t count);
void record_put_object(struct record_builder *r, const char *key, const msgpack_object *value);
void record_put_map(struct record_builder *r, const char *key); // fields follow, until
void record_end_map(struct record_builder *r);
// A map of every option that is part of the configuration (struct option, `outside` false).
void record_put_options(struct record_builder *r, const char *key, const struct option *options);

// ---- Writing a file ---------------------------------------------------------------------------

struct record_writer; // owned by the caller through a pointer; opaque

struct record_writer_options {
    const char *path;    // final name; NULL or "-": standard output
    const char *content; // what the file is: "run", "tokens", "checkpoint", "metrics"
    bool flush;          // ends a zstd block at each record (a pipe that is read as it is written);
                         // always on for a stream
    int level;           // zstd level; 0: the default, 3; far below 0: little but coding the bytes
    uint64_t expected;   // bytes of the file, which the message of a full disk tells; 0: unknown
    int *hold;           // file_hold() of `path`, if it is held: passes on to the new file
};

// Where a resumed file goes on: a frame boundary, and what had been written up to there.
struct record_position {
    uint64_t offset;        // compressed bytes
    uint64_t records;       // records
    uint64_t xxh64;         // of all uncompressed bytes
    uint64_t content_xxh64; // of the same without volatile records
};

enum status record_writer_open(struct record_writer **writer,
                               const struct record_writer_options *options, struct error *error);
// Goes on from PATH.partial as record_position_mark() left it: reads it back up to
// position->offset, checks records and digests (STATUS_DAMAGED), cuts off what is behind.
enum status record_writer_resume(struct record_writer **writer,
                                 const struct record_writer_options *options,
                                 const struct record_position *position, struct error *error);
bool record_writer_is_stream(const struct record_writer *writer);
// Starts the header: kind, format, version, content, program, and the map "config" from `options`
// (several tables may be joined; NULL-terminated list). The caller may add fields, then writes it.
void record_begin_header(struct record_builder *r, const char *content, const char *program,
                         const struct option *const *options);
// Writes kind "env": versions, build, host, threads, date, and the command line.
enum status record_write_env(struct record_writer *writer, struct record_builder *r, int threads,
                             int argc, char **argv, struct error *error);
// Writes kind "input": name (without directories), bytes and SHA-256.
enum status record_write_input(struct record_writer *writer, struct record_builder *r,
                               const char *role, const char *name, uint64_t bytes,
                               const char *sha256, struct error *error);
enum status record_write(struct record_writer *writer, struct record_builder *r,
                         struct error *error);
// Ends the zstd frame, syncs, and tells the position.
enum status record_position_mark(struct record_writer *writer, struct record_position *position,
                                 struct error *error);
// Writes the end record and commits the file; frees the writer, also on failure.
enum status record_writer_finish(struct record_writer *writer, struct error *error);
// Frees the writer without an end record; `keep` leaves PATH.partial.
void record_writer_abandon(struct record_writer *writer, bool keep);

// ---- Reading a file ---------------------------------------------------------------------------

struct record {
    char kind[32];
    uint64_t number;    // 0 is the header
    msgpack_object map; // valid until the next read
};

struct record_reader; // opaque

enum record_salvage { RECORD_STRICT, RECORD_SALVAGE };

// `what` is the role in messages ("tokens", "run log"): "cannot read tokens 'x': truncated after
// record 17". `content` is the content demanded of the header, or NULL for any.
// RECORD_SALVAGE: a missing end record is no error; record_read() just says that it is the end.
enum status record_reader_open(struct record_reader **reader, const char *path, const char *what,
                               const char *content, enum record_salvage salvage,
                               struct error *error);
// Reads the next record; *more is false after the end record, which has then been checked (count
// and both digests) and is not handed out. Bounded memory: a record larger than its limit (of the
// file's content, FORMAT.md, or record_reader_limit) and nesting deeper than RECORD_NESTING are errors.
enum status record_read(struct record_reader *reader, struct record *record, bool *more,
                        struct error *error);
void record_reader_limit(struct record_reader *reader, size_t limit);
// After the end was reached: whether an end record was there, and its content digest.
bool record_reader_complete(const struct record_reader *reader);
uint64_t record_reader_content_digest(const struct record_reader *reader);
uint64_t record_reader_digest(const struct record_reader *reader); // the end record's `xxh64`
uint64_t record_reader_count(const struct record_reader *reader);  // records so far, but the end
// SHA-256 and size of the compressed file, known after the end was reached.
void record_reader_input(struct record_reader *reader, char sha256[static HASH_SHA256_TEXT],
                         uint64_t *bytes);
const char *record_reader_name(const struct record_reader *reader); // for messages
void record_reader_close(struct record_reader *reader);
// "cannot read WHAT 'NAME': record N: MESSAGE", STATUS_DAMAGED: for what a caller finds wrong.
__attribute__((format(printf, 3, 4))) enum status
record_reader_damaged(struct record_reader *reader, struct error *error, const char *format, ...);
// "cannot read WHAT 'NAME': is a checkpoint, not WANTED", STATUS_DAMAGED: while the record read last is
// the header, for a caller that takes files of several contents.
enum status record_reader_refuse(struct record_reader *reader, const char *wanted,
                                 struct error *error);

// ---- Fields of a record -----------------------------------------------------------------------
//
// `map` is any msgpack map (record.map, or a map inside it). The get functions are false where the
// field is missing or of another type; an integer is accepted as a real.

const msgpack_object *record_find(const msgpack_object *map, const char *key);
bool record_get_int(const msgpack_object *map, const char *key, int64_t *value);
// From 0 to a quarter of INT64_MAX: nothing is counted further, and a sum of two cannot overflow.
bool record_get_count(const msgpack_object *map, const char *key, int64_t *count);
bool record_get_real(const msgpack_object *map, const char *key, double *value);
bool record_get_bool(const msgpack_object *map, const char *key, bool *value);
// Points into the record, not NUL-terminated.
bool record_get_string(const msgpack_object *map, const char *key, const char **text,
                       size_t *length);
bool record_get_binary(const msgpack_object *map, const char *key, const void **data,
                       size_t *length);
bool record_equals(const msgpack_object *map, const char *key, const char *text);
// Copies up to `capacity` integers, *count is the array's length. False if one is no int.
bool record_get_int_array(const msgpack_object *map, const char *key, int *values, size_t capacity,
                          size_t *count);

// ---- Messages: the same maps, one at a time, between two processes (lib/agent) ----------------
//
// Plain msgpack, no zstd, no header and no end.

// Appends the record that the builder holds, as plain msgpack.
enum status record_message_append(struct buffer *buffer, struct record_builder *r,
                                  struct error *error);
// Parses the first whole message of data[0..length): *used is its size, 0 if more bytes are needed.
// STATUS_DAMAGED: not a msgpack map with a "kind". The objects live in `zone`.
enum status record_message_parse(const uint8_t *data, size_t length, size_t *used,
                                 struct record *record, msgpack_zone *zone, struct error *error);
// The same for a message that arrives in parts: `scan`, zeroed at first, knows what was looked at
// already. The next call has the same bytes with more behind them, or after a message those behind it.
struct record_scan; // lib/record/scan.h
enum status record_message_parse_on(struct record_scan *scan, const uint8_t *data, size_t length,
                                    size_t *used, struct record *record, msgpack_zone *zone,
                                    struct error *error);

#endif
