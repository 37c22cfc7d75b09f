#include "tests/emu/fiber.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr unsigned THREADS_MAX = 1024, GRID_MAX = 65535;
constexpr size_t STACK = 256 << 10, SHARED_MAX = 227 << 10;
enum place { READY, AT_WARP, AT_BLOCK, DONE };

// The library's jumps are the end of a stack to AddressSanitizer, which then forgets all of it: far more
// work than what runs between two of them. Of the compiler's own it is told nothing.
#if defined(__clang__) && defined(__x86_64__)
#if __has_feature(address_sanitizer)
#define UNTOLD
#endif
#endif
#ifdef UNTOLD
typedef void *jump[5];
#define JUMP_SET(to) __builtin_setjmp(to)
#define JUMP(to) __builtin_longjmp(to, 1)
#define JUMPS __attribute__((noinline, no_sanitize("address")))
#else
typedef jmp_buf jump;
#define JUMP_SET(to) _setjmp(to)
#define JUMP(to) _longjmp(to, 1)
#define JUMPS
#endif

// Under way, of a thread's group `group`. from NULL: zeros.
struct copy {
    char *to;
    const char *from;
    size_t bytes;
    unsigned group;
};

struct fiber {
    struct emu_thread thread;
    enum place place;
    unsigned exchanges;
    unsigned groups; // of copies, committed so far
    std::vector<struct copy> copies;
    ucontext_t start; // used once: the fiber then goes from launch to launch
    bool started;
    jump resume;
};

struct warp {
    alignas(64) char slots[2][EMU_WARP][EMU_SLOT];
};

struct fiber fibers[THREADS_MAX];
struct warp warps[THREADS_MAX / EMU_WARP];
struct fiber *running;
jump scheduler;
enum emu_order order;
void (*body)(void *);
void *body_context;
bool any_flag, any_result; // collected until a block barrier; as of the last one
char *shared_end;

[[noreturn]] void fail(const char *what) {
    fprintf(stderr, "emulated GPU: %s (block %u %u %u)\n", what, blockIdx.x, blockIdx.y,
            blockIdx.z);
    abort();
}

JUMPS void leave(enum place place) {
    running->place = place;
    if (JUMP_SET(running->resume) == 0) {
        JUMP(scheduler);
    }
}

void fiber_main() {
    for (;;) {
        body(body_context);
        if (!running->copies.empty()) {
            fail("a thread ends before the copies that it has begun");
        }
        leave(DONE);
    }
}

void *map_with_guard(size_t bytes) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = (char *)mmap(NULL, bytes + 2 * page, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, page, PROT_NONE) != 0 ||
        mprotect(memory + page + bytes, page, PROT_NONE) != 0) {
        fail("no memory");
    }
    return memory + page;
}

JUMPS void resume(struct fiber *fiber) {
    running = fiber;
    if (JUMP_SET(scheduler) == 0) {
        if (fiber->started) {
            JUMP(fiber->resume);
        }
        fiber->started = true;
        getcontext(&fiber->start);
        fiber->start.uc_stack.ss_sp = map_with_guard(STACK);
        fiber->start.uc_stack.ss_size = STACK;
        fiber->start.uc_link = NULL;
        makecontext(&fiber->start, fiber_main, 0);
        setcontext(&fiber->start);
    }
    running = NULL;
}

unsigned in_order(unsigned i, unsigned count) {
    return order == EMU_DESCENDING ? count - 1 - i : i;
}

// Runs each lane that can run, once. If all have then met, they may go on. Whether they may.
bool run_lanes(unsigned first, unsigned lanes) {
    unsigned waiting = 0;
    for (unsigned i = 0; i < lanes; i++) {
        struct fiber *fiber = &fibers[first + in_order(i, lanes)];
        if (fiber->place == READY) {
            resume(fiber);
        }
        waiting += fiber->place == AT_WARP;
    }
    if (waiting == lanes) {
        for (unsigned i = 0; i < lanes; i++) {
            fibers[first + i].place = READY;
        }
    } else if (waiting > 0) {
        fail("lanes of a warp meet at different places");
    }
    return waiting == lanes;
}

void run_warps(unsigned threads) {
    unsigned count = (threads + EMU_WARP - 1) / EMU_WARP;
    bool more;
    do {
        more = false;
        for (unsigned i = 0; i < count; i++) {
            unsigned first = in_order(i, count) * EMU_WARP;
            unsigned lanes = threads - first < EMU_WARP ? threads - first : EMU_WARP;
            bool go_on = run_lanes(first, lanes);
            while (go_on && order != EMU_INTERLEAVED) {
                go_on = run_lanes(first, lanes);
            }
            more |= go_on;
        }
    } while (more);
}

void run_block(unsigned threads) {
    unsigned waiting;
    for (unsigned i = 0; i < threads; i++) {
        fibers[i].place = READY;
    }
    do {
        run_warps(threads);
        waiting = 0;
        for (unsigned i = 0; i < threads; i++) {
            waiting += fibers[i].place == AT_BLOCK;
            fibers[i].place = fibers[i].place == AT_BLOCK ? READY : fibers[i].place;
        }
        if (waiting > 0 && waiting < threads) {
            fail("threads have left a block whose others wait at a barrier");
        }
        any_result = any_flag;
        any_flag = false;
    } while (waiting > 0);
}

void number_threads(dim3 block) {
    for (unsigned i = 0; i < block.x * block.y * block.z; i++) {
        fibers[i].thread.thread = dim3(i % block.x, i / block.x % block.y, i / block.x / block.y);
        fibers[i].thread.number = i;
        fibers[i].thread.lane = i % EMU_WARP;
        fibers[i].exchanges = fibers[i].groups = 0;
    }
}

} // namespace

dim3 gridDim, blockDim, blockIdx;
char *emu_shared;

const struct emu_thread *emu_current(void) {
    return &running->thread;
}

extern "C" void emu_set_order(enum emu_order wanted) {
    order = wanted;
}

bool emu_launch(dim3 grid, dim3 block, size_t shared_bytes, void (*thread_body)(void *),
                void *context) {
    size_t threads = (size_t)block.x * block.y * block.z;
    size_t blocks = (size_t)grid.x * grid.y * grid.z;
    if (threads == 0 || threads > THREADS_MAX || blocks == 0 || grid.x > INT32_MAX ||
        grid.y > GRID_MAX || grid.z > GRID_MAX || shared_bytes > SHARED_MAX) {
        return false;
    }
    if (!shared_end) {
        size_t room = (SHARED_MAX + 65535) / 65536 * 65536;
        shared_end = (char *)map_with_guard(room) + room;
    }
    emu_shared = shared_end - (shared_bytes + 15) / 16 * 16;
    gridDim = grid;
    blockDim = block;
    body = thread_body;
    body_context = context;
    number_threads(block);
    for (size_t i = 0; i < blocks; i++) {
        size_t b = order == EMU_DESCENDING ? blocks - 1 - i : i;
        blockIdx = dim3((unsigned)(b % grid.x), (unsigned)(b / grid.x % grid.y),
                        (unsigned)(b / grid.x / grid.y));
        memset(emu_shared, 0xFF, (size_t)(shared_end - emu_shared));
        run_block((unsigned)threads);
    }
    return true;
}

void emu_block_barrier(void) {
    leave(AT_BLOCK);
}

void emu_warp_barrier(void) {
    leave(AT_WARP);
}

bool emu_block_any(bool flag) {
    any_flag |= flag;
    leave(AT_BLOCK);
    return any_result;
}

const char *emu_warp_exchange(const void *mine, size_t bytes) {
    struct fiber *me = running;
    struct warp *warp = &warps[me->thread.number / EMU_WARP];
    unsigned side = me->exchanges++ % 2;
    memcpy(warp->slots[side][me->thread.lane], mine, bytes);
    leave(AT_WARP);
    return warp->slots[side][0];
}

void emu_copy_begin(void *to, const void *from, size_t bytes, bool wanted) {
    if ((uintptr_t)to % bytes != 0 || (wanted && (uintptr_t)from % bytes != 0)) {
        fail("a copy to shared memory that is not aligned");
    }
    memset(to, 0xFF, bytes);
    running->copies.push_back(
        {(char *)to, wanted ? (const char *)from : NULL, bytes, running->groups});
}

void emu_copies_commit(void) {
    running->groups++;
}

void emu_copies_wait(unsigned groups) {
    std::vector<struct copy> &copies = running->copies;
    size_t done = 0;
    for (; done < copies.size() && copies[done].group + groups < running->groups; done++) {
        const struct copy &copy = copies[done];
        if (copy.from) {
            memcpy(copy.to, copy.from, copy.bytes);
        } else {
            memset(copy.to, 0, copy.bytes);
        }
    }
    copies.erase(copies.begin(), copies.begin() + (ptrdiff_t)done);
}
