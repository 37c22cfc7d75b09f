# The CUDA kernels: libdlt-cuda.so where nvcc is, and the same sources on the CPU for the tests.
#
#   NVCC          the compiler; empty: no libdlt-cuda.so
#   CUDA_TARGETS  what it generates code for: H100 and H200, and portable code for others

NVCC ?= $(firstword $(wildcard /usr/local/cuda/bin/nvcc) $(shell command -v nvcc))
CUDA_TARGETS ?= -gencode=arch=compute_90a,code=sm_90a -gencode=arch=compute_80,code=compute_80
CXX_STANDARD := -std=c++20
CUDA_HOST_FLAGS := -fPIC,-fvisibility=hidden,-Wall,-Wextra,-Wno-unused-function
CUDA_LINK_FLAGS := -Xcompiler -static-libstdc++,-static-libgcc
NVCCFLAGS := $(CXX_STANDARD) -O3 $(CUDA_TARGETS) --Werror all-warnings -Xptxas -v,-warn-spills,-warn-lmem-usage,-Werror \
    --expt-relaxed-constexpr -Xcompiler $(CUDA_HOST_FLAGS)

cuda_sources := $(wildcard kernels/cuda/*.cu)
cuda_base := math random status utf8 memory # what the kernels' host side uses of lib/base
cuda_objects := $(cuda_sources:%.cu=$(BUILD)/%.o) $(cuda_base:%=$(BUILD)/kernels/cuda/base/%.o)

$(BUILD)/kernels/cuda/%.o: kernels/cuda/%.cu
	@mkdir -p $(@D)
	$(call run,NVCC,{ $(call compile_with,$(NVCC) $(ALL_CPPFLAGS) -Ikernels/cuda/chip $(NVCCFLAGS)); } 2>$(@:.o=.log) || { cat $(@:.o=.log); exit 1; })

$(BUILD)/kernels/cuda/base/%.o: lib/base/%.c
	@mkdir -p $(@D)
	$(call run,CC,$(call compile,-fPIC -fvisibility=hidden))

$(BUILD)/lib/libdlt-cuda.so: $(cuda_objects)
	@mkdir -p $(@D)
	$(call run,LD,$(NVCC) -shared -cudart static -Xlinker -z -Xlinker defs $(CUDA_LINK_FLAGS) -o $@ $(filter %.o,$^) -lcublasLt)

cuda: $(BUILD)/lib/libdlt-cuda.so ## build the CUDA kernels alone
.PHONY: cuda

# Both sides of the table of operations carry the checksum of the file that describes it.
ops_checksum := $(firstword $(shell cksum <kernels/ops.h))
$(BUILD)/lib/train/device.o $(BUILD)/kernels/cuda/table.o $(BUILD)/emu/table.o: private ALL_CPPFLAGS += -DDLT_OPS_CHECKSUM=$(ops_checksum)U

# ---- The same kernels on the CPU (tests/emu) ----------------------------------------------------

emu_objects := $(cuda_sources:kernels/cuda/%.cu=$(BUILD)/emu/%.o) \
    $(patsubst %.cc,$(BUILD)/%.o,$(wildcard tests/emu/*.cc)) \
    $(cuda_base:%=$(BUILD)/kernels/cuda/base/%.o)
EMU_CXXFLAGS := $(CXX_STANDARD) -Wall -Wextra -Wno-unused-function -Wno-unknown-pragmas -O2 -g -fPIC -fvisibility=hidden \
    -ffp-contract=off -U_FORTIFY_SOURCE -Itests/emu
emu_compile = $(call run,CXX,$(call compile_with,$(CXX) $(ALL_CPPFLAGS) $(EMU_CXXFLAGS) $(CXXFLAGS) -x c++))

$(BUILD)/emu/%.o: kernels/cuda/%.cu
	@mkdir -p $(@D)
	$(emu_compile)
$(BUILD)/tests/emu/%.o: tests/emu/%.cc
	@mkdir -p $(@D)
	$(emu_compile)

# For the tests: DLT_CUDA_LIBRARY names it to dlt-train. Where a sanitizer's runtime is the program's, the
# library leaves that open.
EMU_LDFLAGS ?= -z defs
$(BUILD)/emu/libdlt-cuda.so: $(emu_objects)
	$(call run,LD,$(CXX) -shared $(EMU_LDFLAGS) -o $@ $(filter %.o,$^))

emu_tests := $(patsubst tests/emu/%.c,$(BUILD)/unit/emu/%,$(wildcard tests/emu/*.c))
$(BUILD)/unit/emu/%: $(BUILD)/tests/emu/%.o $(emu_objects) $(call archive,model) $(call archive,tying) $(call archive,cpu) $(call archive,base)
	@mkdir -p $(@D)
	$(call run,LD,$(CXX) -fopenmp $(LDFLAGS) $^ $(LIBRARIES) -o $@)
unit_tests += $(emu_tests)
objects += $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/emu/*.c))

# ---- For a machine with a GPU (tests/gpu/run) ---------------------------------------------------

gpu_programs := $(BUILD)/gpu/ops $(BUILD)/bench/model
$(BUILD)/gpu/ops: $(BUILD)/tests/gpu/ops.o $(call archive,cpu) $(call archive,base)
	@mkdir -p $(@D)
	$(call run,LD,$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LIBRARIES) -o $@)
objects += $(BUILD)/tests/gpu/ops.o

# Of other libraries than the C library nothing is needed there; OpenMP's, which the compiler adds at
# the end, is then needed no more.
gpu-tests: LIBRARIES := -Wl,-Bstatic $(filter -l%,$(LIBRARIES:-lm=)) -l:libgomp.a -Wl,-Bdynamic -lm -Wl,--as-needed
gpu-tests: $(programs) $(gpu_programs) $(BUILD)/lib/libdlt-cuda.so ## build what tests/gpu/run needs on a machine with a GPU (BUILD=build/gpu)
.PHONY: gpu-tests

# Other flags or sources, other objects and libraries.
cuda_flags := $(strip $(NVCC) $(NVCCFLAGS) $(CXX) $(EMU_CXXFLAGS) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(emu_objects:$(BUILD)/%=%))
$(cuda_objects) $(emu_objects) $(BUILD)/lib/libdlt-cuda.so $(BUILD)/emu/libdlt-cuda.so: $(BUILD)/cuda-flags
$(eval $(call remember,$(BUILD)/cuda-flags,$(cuda_flags)))

-include $(cuda_objects:.o=.d) $(emu_objects:.o=.d)
