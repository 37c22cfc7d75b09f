#include "lib/base/list.h"

#include <string.h>

bool list_has(const char *list, const char *word) {
    size_t length = strlen(word);
    for (;;) {
        size_t end = strcspn(list, ",");
        if (end == length && strncmp(list, word, length) == 0) {
            return true;
        }
        if (!list[end]) {
            return false;
        }
        list += end + 1;
    }
}

size_t list_count(const char *list) {
    size_t count = 1;
    for (; (list = strchr(list, ',')); list++) {
        count++;
    }
    return count;
}
