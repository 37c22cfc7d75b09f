# dlt: `make help` lists the targets.
#
#   BUILD=build   where everything built goes
#   CC, CFLAGS, CPPFLAGS, LDFLAGS   as usual; what the results depend on is added to them
#   PROFILE=quick  sizes of the experiments (pipelines/profiles)
#   V=1           shows each command in full

BUILD ?= build
$(if $(BUILD),,$(error BUILD names no folder))
# In the name of a target Make or the shell would read these as theirs.
hash := \#
specials := ' " \ ` $$ ; & | < > ( ) * ? [ ] { } % : = $(hash)
$(if $(word 2,$(BUILD))$(strip $(foreach c,$(specials),$(findstring $(c),$(BUILD)))),\
    $(error BUILD is '$(BUILD)': Make cannot have blanks and special characters there))
# Any text as a word for the shell.
quoted = '$(subst ','\'',$(1))'
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
VERSION := 0.1.0

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
# The bits of every result rest on these: no contraction into fused operations but those written.
NUMERICS := -ffp-contract=off -fno-fast-math -fexcess-precision=standard
ifneq ($(findstring clang,$(notdir $(CC))),)
NUMERICS := -ffp-contract=off -fno-fast-math
# With C's OpenMP, whose runtime is another than gcc's, also where C++ is linked (the emulated GPU).
ifeq ($(origin CXX),default)
CXX := $(if $(findstring /,$(CC)),$(dir $(CC)))$(subst clang,clang++,$(notdir $(CC)))
endif
endif
ALL_CPPFLAGS := -I. -DDLT_VERSION='"$(VERSION)"' $(CPPFLAGS)
ALL_CFLAGS := -std=c17 $(WARNINGS) $(NUMERICS) -fopenmp $(CFLAGS)
# $(call run,WHAT,COMMAND): the command, or with V=0 a word and the target.
run = $(if $(filter 1,$(V)),,@echo '  $(1)  $(@:$(BUILD)/%=%)' && )$(2)
# What Make makes is whole or not there, also where Make is killed: a program, an object and what it
# depends on get their names in the end. $(call compile_with,COMPILER AND FLAGS)
compile_with = $(1) $(depends_to) -c $< -o $@.new && mv $(@:.o=.d).new $(@:.o=.d) && mv $@.new $@
# The build folder may have another name for the next Make: a full one, say.
depends_to = -MMD -MP -MF $(@:.o=.d).new -MT '$$(BUILD)/$(@:$(BUILD)/%=%)'
compile = $(call compile_with,$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(1))
# $(eval $(call remember,FILE,WORDS)): FILE holds these words, and is new where they are others. (Make 4.3
# sometimes reads more than there is with $(file <FILE).)
define remember
ifneq "$(shell cat $(1) 2>/dev/null)" "$(subst ",,$(subst ',,$(2)))"
$(1): FORCE
endif
$(1):
	@mkdir -p $$(@D) && echo '$(subst ",,$(subst ',,$(2)))' >$$@
endef
LIBRARIES := -lzstd -lmsgpackc -lxxhash -lnettle -lutf8proc -lm

# ---- Rooms: each a static library; DEPENDS names the rooms that it may use (tests check it) -----

ROOMS := base record corpus text tying agent model train report
DEPENDS_base :=
DEPENDS_record := base
DEPENDS_corpus := base
DEPENDS_text := record base
DEPENDS_tying := base
DEPENDS_agent := tying record base
DEPENDS_cpu := base
DEPENDS_model := tying cpu base
DEPENDS_train := model agent tying record cpu base
DEPENDS_report := record base

TOOL_ROOM_corpus := corpus
TOOL_ROOM_tokenize := text
TOOL_ROOM_cat := record
TOOL_ROOM_qagent := agent
TOOL_ROOM_train := train
TOOL_ROOM_eval := train text
TOOL_ROOM_report := report

archive = $(BUILD)/lib/libdlt-$(1).a
room_archives = $(call archive,$(1)) $(foreach r,$(DEPENDS_$(1)),$(call archive,$(r)))

objects :=
define room_rules
sources_$(1) := $$(wildcard lib/$(1)/*.c)
objects_$(1) := $$(sources_$(1):%.c=$$(BUILD)/%.o)
objects += $$(objects_$(1))
$$(call archive,$(1)): $$(objects_$(1))
endef
$(foreach r,$(ROOMS),$(eval $(call room_rules,$(r))))

# ---- The CPU kernels: dispatch.c and device.c once, the other files once per instruction set ----

machine := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
ISAS := plain
ifeq ($(machine),x86_64)
ISAS += avx2 avx512
endif
ifeq ($(machine),aarch64)
ISAS += neon
endif
ISA_FLAGS_plain :=
ISA_FLAGS_neon :=
ISA_FLAGS_avx2 := -mavx2 -mfma
ISA_FLAGS_avx512 := -mbmi2 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=512
KERNEL_CFLAGS := -O3
kernel_common := kernels/cpu/dispatch.c kernels/cpu/device.c
kernel_sources := $(filter-out $(kernel_common),$(wildcard kernels/cpu/*.c))
objects_cpu := $(kernel_common:%.c=$(BUILD)/%.o)
define isa_rules
objects_cpu += $$(kernel_sources:%.c=$$(BUILD)/%.$(1).o)
$$(BUILD)/kernels/cpu/%.$(1).o: kernels/cpu/%.c
	@mkdir -p $$(@D)
	$$(call run,CC,$$(call compile,-DDLT_ISA=$(1) -DDLT_ISA_$(1) $$(KERNEL_CFLAGS) $$(ISA_FLAGS_$(1))))
endef
$(foreach i,$(ISAS),$(eval $(call isa_rules,$(i))))
objects += $(objects_cpu)
$(call archive,cpu): $(objects_cpu)

# ---- Compiling, archiving, linking -------------------------------------------------------------

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call run,CC,$(call compile))

$(BUILD)/lib/libdlt-%.a:
	@mkdir -p $(@D)
	@rm -f $@ $@.new
	$(call run,AR,$(AR) rcs $@.new $(filter %.o,$^) && mv $@.new $@)

tools := $(patsubst tools/%.c,%,$(wildcard tools/dlt-*.c))
define tool_rules
$$(BUILD)/bin/$(1): $$(BUILD)/tools/$(1).o $$(foreach r,$$(TOOL_ROOM_$(1:dlt-%=%)),$$(call room_archives,$$(r)))
	@mkdir -p $$(@D)
	$$(call run,LD,$$(CC) $$(ALL_CFLAGS) $$(LDFLAGS) $$^ $$(LIBRARIES) -o $$@.new && mv $$@.new $$@)
objects += $$(BUILD)/tools/$(1).o
endef
$(foreach t,$(tools),$(eval $(call tool_rules,$(t))))
programs := $(tools:%=$(BUILD)/bin/%)

# ---- Unit tests: tests/unit/ROOM/NAME.c, linked with that room and what it may use -------------

unit_tests :=
define unit_rules
$$(BUILD)/unit/$(1)/%: $$(BUILD)/tests/unit/$(1)/%.o $$(call room_archives,$(1))
	@mkdir -p $$(@D)
	$$(call run,LD,$$(CC) $$(ALL_CFLAGS) $$(LDFLAGS) $$^ $$(LIBRARIES) -o $$@)
unit_tests += $$(patsubst tests/unit/%.c,$$(BUILD)/unit/%,$$(wildcard tests/unit/$(1)/*.c))
objects += $$(patsubst %.c,$$(BUILD)/%.o,$$(wildcard tests/unit/$(1)/*.c))
endef
$(foreach r,$(ROOMS) cpu,$(eval $(call unit_rules,$(r))))

include kernels/cuda/rules.mk

# ---- Benchmarks: tests/bench/NAME.c, linked with lib/train and all that it may use -------------

benches := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))
objects += $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bench/*.c))
$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(call room_archives,train)
	@mkdir -p $(@D)
	$(call run,LD,$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LIBRARIES) -o $@)

# ---- Damage: reads a damaged file as each tool does (tests/090-damage.bats) --------------------

damage_objects := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/damage/*.c))
objects += $(damage_objects)
$(BUILD)/damage/damage: $(damage_objects) $(call archive,text) $(call archive,report) $(call room_archives,train)
	@mkdir -p $(@D)
	$(call run,LD,$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LIBRARIES) -o $@)

-include $(objects:.o=.d)

# Other flags, other objects; other sources, other libraries.
flags := $(strip $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(KERNEL_CFLAGS) $(foreach i,$(ISAS),$(ISA_FLAGS_$(i))) \
    $(LDFLAGS) $(LIBRARIES))
$(objects): $(BUILD)/flags
$(eval $(call remember,$(BUILD)/flags,$(flags)))
$(foreach r,$(ROOMS) cpu,$(eval $(call archive,$(r)): $(BUILD)/lib/$(r).objects) \
    $(eval $(call remember,$(BUILD)/lib/$(r).objects,$(objects_$(r):$(BUILD)/%=%))))
FORCE:
.PHONY: FORCE

# ---- Targets -----------------------------------------------------------------------------------

all: $(programs) ## build the tools into build/bin (the default)
unit: $(unit_tests) ## build the unit tests
unit-%: ; @$(MAKE) --no-print-directory $(filter $(BUILD)/unit/$*/%,$(unit_tests)) && for t in $(filter $(BUILD)/unit/$*/%,$(unit_tests)); do $$t || exit 1; done

bench: all $(benches) ## measure the speed of everything, beside PyTorch and tiktoken where they are
	@tests/bench/run $(BUILD)

include $(sort $(wildcard pipelines/*.mk))

clean: ## remove what was built (results stay)
	rm -rf $(BUILD) paper/build

help: ## show this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

.PHONY: all unit bench clean help
