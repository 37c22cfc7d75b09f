#include "lib/text/load.h"

#define BYTES(count) (((uint64_t)1 << 8 * (count)) - 1)
#define WHOLE UINT64_MAX
const uint64_t LOAD_MASKS[LOAD_SHORT + 1][2] = {
    {0, 0},
    {BYTES(1), 0},
    {BYTES(2), 0},
    {BYTES(3), 0},
    {BYTES(4), 0},
    {BYTES(5), 0},
    {BYTES(6), 0},
    {BYTES(7), 0},
    {WHOLE, 0},
    {WHOLE, BYTES(1)},
    {WHOLE, BYTES(2)},
    {WHOLE, BYTES(3)},
    {WHOLE, BYTES(4)},
    {WHOLE, BYTES(5)},
    {WHOLE, BYTES(6)},
    {WHOLE, BYTES(7)},
};
#undef BYTES
#undef WHOLE
