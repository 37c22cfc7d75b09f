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
