// The threads of one block as fibers, and their barriers. A warp is 32 fibers that meet at each of
// its collective operations; between two meetings each runs alone, in an order that the tests vary:
// bits that depend on it show a missing barrier.
#ifndef DLT_EMU_FIBER_H
#define DLT_EMU_FIBER_H

#include <stddef.h>
#include <stdint.h>

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {
    }
};

enum emu_order {
    EMU_ASCENDING,   // warps and lanes in order, each as far as it gets
    EMU_DESCENDING,  // blocks, warps and lanes from the last to the first
    EMU_INTERLEAVED, // the next warp's turn at every meeting of a warp
    EMU_ORDERS
};

constexpr unsigned EMU_WARP = 32, EMU_SLOT = 64; // lanes of a warp; bytes that a lane can show

extern dim3 gridDim, blockDim, blockIdx; // of the block that is running
extern char *emu_shared; // its shared memory: 0xFF at its start; its end is a guard page

struct emu_thread {
    dim3 thread;
    unsigned number, lane;
};
const struct emu_thread *emu_current(void);

// Runs body(context) once per thread of the grid. False: the shape is none that a GPU takes.
// Threads that meet at different barriers, or that leave others waiting, end the program.
bool emu_launch(dim3 grid, dim3 block, size_t shared_bytes, void (*body)(void *context),
                void *context);
extern "C" void emu_set_order(enum emu_order order);

void emu_block_barrier(void);
void emu_warp_barrier(void);
bool emu_block_any(bool flag);
// Shows `bytes` bytes at `mine` to the warp; returns slots of EMU_SLOT bytes by lane, which stay
// until the lane's next exchange but one.
const char *emu_warp_exchange(const void *mine, size_t bytes);

// Copies that a thread has begun, in groups. Until it has waited for them, what they go to is 0xFF.
void emu_copy_begin(void *to, const void *from, size_t bytes, bool wanted);
void emu_copies_commit(void);
void emu_copies_wait(unsigned groups);

#endif
