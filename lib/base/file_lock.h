// One writer for each file, and names that outlive a power cut.
#ifndef DLT_BASE_FILE_LOCK_H
#define DLT_BASE_FILE_LOCK_H

#include <stdbool.h>

#include "lib/base/status.h"

// A file that one process replaces again and again, as a checkpoint is, and no other meanwhile. The
// lock is on the file itself; file_output_commit() passes it on to the file that takes its place,
// and it ends with the process at the latest. *hold is -1 while there is no file of that name.
// STATUS_FAILURE: another process holds it.
enum status file_hold(int *hold, const char *path, struct error *error);
void file_let_go(int *hold);

// Removes a file, and lets the new state of its folder reach the disk.
void file_remove(const char *path);
void file_sync_directory_of(const char *path);

// For what opens a file itself: takes its lock unless another process has it, which is said.
bool file_is_locked_by_another(int descriptor);
enum status file_refuse_second_writer(const char *path, struct error *error);
// Whether the open file is still the one of that name: its writer may have renamed it just before
// we had its lock.
bool file_has_name(int descriptor, const char *name);

#endif
