# Fuzzing: inputs that are made up until one breaks a promise (tests/fuzz/fuzz.h). Needs clang.
#   FUZZ_SECONDS=60      for each target, of `make fuzz`
#   FUZZ_RUNS=10000000   inputs for each target, of `make fuzz-long`
#   FUZZ_FLAGS           more for libFuzzer

# A target (tests/fuzz/NAME.c, inputs to begin with in tests/fuzz/NAME/) and the room that it is of.
FUZZ_ROOM_checkpoint := train
FUZZ_ROOM_decode := text
FUZZ_ROOM_encode := text
FUZZ_ROOM_lists := report
FUZZ_ROOM_options := train
FUZZ_ROOM_policy := agent
FUZZ_ROOM_protocol-agent := agent
FUZZ_ROOM_protocol-trainer := train
FUZZ_ROOM_records := record
FUZZ_ROOM_run-log := report
FUZZ_ROOM_tokens := text
FUZZ_ROOM_vocabulary := text
# Those whose inputs are records: mutated as such (tests/fuzz/mutator.c), their end made to fit.
FUZZ_OF_RECORDS := checkpoint protocol-agent protocol-trainer records run-log tokens
# AFL++, which has no use for those mutations, tries the others.
# Those that make everything that dlt-report makes (tests/fuzz/rendered.c).
FUZZ_OF_REPORT := lists run-log

FUZZ_SECONDS ?= 60
FUZZ_RUNS ?= 10000000
FUZZ_LIMIT ?= -max_total_time=$(FUZZ_SECONDS)
fuzz_targets := $(sort $(patsubst FUZZ_ROOM_%,%,$(filter FUZZ_ROOM_%,$(.VARIABLES))))
fuzz_replays := $(fuzz_targets:%=$(BUILD)/fuzz/%)
FUZZ_CFLAGS := -g -fsanitize=address,undefined -fno-sanitize-recover=all
# $(call fuzz_make,BUILD,FLAGS): what counts the code that an input reaches is among the flags.
fuzz_make = $(MAKE) --no-print-directory BUILD=$(BUILD)/$(1) FUZZ_FOUND=$(BUILD)/fuzzing/found CC=clang CFLAGS='$(FUZZ_CFLAGS) $(2)'
FUZZ_FOUND ?= $(BUILD)/found
# One thread each; what was freed is kept from being used again for a while, not for the whole run.
# FUZZ_ASAN=malloc_context_size=30 shows where the memory of a fault was allocated.
fuzz_run = OMP_NUM_THREADS=1 ASAN_OPTIONS=quarantine_size_mb=1:malloc_context_size=1:max_malloc_fill_size=0:$(FUZZ_ASAN)
fuzz_limits := -timeout=20 -rss_limit_mb=1024 -malloc_limit_mb=512

# $(BUILD)/fuzz/NAME only tries the inputs that are there, as one of the tests; with libFuzzer's own
# main(), which FUZZ_LDFLAGS brings, $(BUILD)/fuzz/NAME-libfuzzer looks for more.
define fuzz_rules
fuzz_objects_$(1) := $$(patsubst %,$$(BUILD)/tests/fuzz/%.o,$(1) fuzz \
    $(if $(filter $(1),$(FUZZ_OF_RECORDS) $(FUZZ_OF_REPORT)),seal) $(if $(filter $(1),$(FUZZ_OF_REPORT)),rendered))
$$(BUILD)/fuzz/$(1): $$(fuzz_objects_$(1)) $$(BUILD)/tests/fuzz/replay.o $$(call room_archives,$$(FUZZ_ROOM_$(1)))
	@mkdir -p $$(@D)
	$$(call run,LD,$$(CC) $$(ALL_CFLAGS) $$(LDFLAGS) $$^ $$(LIBRARIES) -o $$@)
$$(BUILD)/fuzz/$(1)-libfuzzer: $$(fuzz_objects_$(1)) $$(BUILD)/tests/fuzz/fuzzer.o \
    $(if $(filter $(1),$(FUZZ_OF_RECORDS)),$$(BUILD)/tests/fuzz/mutator.o) $$(call room_archives,$$(FUZZ_ROOM_$(1)))
	@mkdir -p $$(@D)
	$$(call run,LD,$$(CC) $$(ALL_CFLAGS) -fsanitize=fuzzer $$(LDFLAGS) $$^ $$(LIBRARIES) -o $$@)
.PHONY: fuzz-$(1) fuzz-merge-$(1) fuzz-afl-$(1)
fuzz-$(1): $$(BUILD)/fuzz/$(1)-libfuzzer
	@mkdir -p $$(FUZZ_FOUND)/$(1)
	@echo '$(1):'
	@$$(fuzz_run) $$< $$(FUZZ_LIMIT) $$(fuzz_limits) -verbosity=0 -print_final_stats=1 $$(FUZZ_FLAGS) \
	    -artifact_prefix=$$(FUZZ_FOUND)/$(1)- $$(FUZZ_FOUND)/$(1) tests/fuzz/$(1)
fuzz-merge-$(1): $$(BUILD)/fuzz/$(1)-libfuzzer
	@rm -rf $$(FUZZ_FOUND)/$(1).small
	@mkdir -p $$(FUZZ_FOUND)/$(1) $$(FUZZ_FOUND)/$(1).small
	@find $$(FUZZ_FOUND)/$(1) -type f -size -5k -exec ln -t $$(FUZZ_FOUND)/$(1).small {} +
	@$$(fuzz_run) $$< -set_cover_merge=1 -use_counters=0 -use_cmp=0 $$(fuzz_limits) tests/fuzz/$(1) $$(FUZZ_FOUND)/$(1).small 2>&1 | \
	    sed -n 's/^MERGE-OUTER: \([0-9]* new files\).*/$(1): \1/p'
fuzz-afl-$(1): $$(BUILD)/fuzz/$(1)-libfuzzer
	@mkdir -p $$(BUILD)/found
	@echo '$(1):'
	@OMP_NUM_THREADS=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
	    afl-fuzz -V $$(FUZZ_SECONDS) -t 20000 -i tests/fuzz/$(1) -o $$(BUILD)/found/$(1) -- $$< >$$(BUILD)/found/$(1).log
	@grep -E '^(execs_done|execs_per_sec|corpus_count|saved_crashes|saved_hangs) ' $$(BUILD)/found/$(1)/default/fuzzer_stats
	@! grep -qE '^saved_(crashes|hangs) .*[1-9]' $$(BUILD)/found/$(1)/default/fuzzer_stats
endef
$(foreach t,$(fuzz_targets),$(eval $(call fuzz_rules,$(t))))

fuzz_objects := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/fuzz/*.c))
$(fuzz_objects): $(BUILD)/flags
-include $(fuzz_objects:.o=.d)

unit_tests += $(fuzz_replays)
unit: $(fuzz_replays)

fuzz: ## look for inputs that break a reader, the tokeniser or the protocol (FUZZ_SECONDS each; needs clang)
	@$(call fuzz_make,fuzzing,-O1 -fsanitize=fuzzer-no-link) -k $(fuzz_targets:%=fuzz-%)
# Without what is compared with what, inputs are tried two to three times as fast.
fuzz-long: ## the same with FUZZ_RUNS inputs each, side by side; hours
	@$(call fuzz_make,fuzzing-long,-O2 -fsanitize-coverage=inline-8bit-counters$(comma)pc-table) \
	    -k -j$(shell nproc) --output-sync=target FUZZ_LIMIT=-runs=$(FUZZ_RUNS) $(fuzz_targets:%=fuzz-%)
fuzz-merge: ## add to tests/fuzz what was found, is small, and reaches code that nothing there does
	@$(call fuzz_make,fuzzing,-O1 -fsanitize=fuzzer-no-link) $(fuzz_targets:%=fuzz-merge-%)
fuzz-afl: ## the same with AFL++ in place of libFuzzer (Debian's afl++), for inputs that are bytes or text
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/afl CC=afl-clang-fast CFLAGS='-O1 $(FUZZ_CFLAGS)' \
	    $(patsubst %,fuzz-afl-%,$(filter-out $(FUZZ_OF_RECORDS),$(fuzz_targets)))
.PHONY: fuzz fuzz-long fuzz-merge fuzz-afl
