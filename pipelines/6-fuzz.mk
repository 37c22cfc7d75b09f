# Fuzzing: inputs that are made up until one breaks a promise (tests/fuzz/fuzz.h). Needs clang.
#   FUZZ_SECONDS=60  for each target

# A target (tests/fuzz/NAME.c, inputs to begin with in tests/fuzz/NAME/) and the room that it is of.
FUZZ_ROOM_encode := text
FUZZ_ROOM_decode := text
FUZZ_ROOM_vocabulary := text
FUZZ_ROOM_tokens := text

FUZZ_SECONDS ?= 60
fuzz_targets := $(sort $(patsubst FUZZ_ROOM_%,%,$(filter FUZZ_ROOM_%,$(.VARIABLES))))
fuzz_replays := $(fuzz_targets:%=$(BUILD)/fuzz/%)
FUZZ_CFLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

# $(BUILD)/fuzz/NAME only tries the inputs that are there, as one of the tests; with libFuzzer's own
# main(), which FUZZ_LDFLAGS brings, $(BUILD)/fuzz/NAME-libfuzzer looks for more.
define fuzz_rules
fuzz_objects_$(1) := $$(BUILD)/tests/fuzz/$(1).o $$(BUILD)/tests/fuzz/file.o
$$(BUILD)/fuzz/$(1): $$(fuzz_objects_$(1)) $$(BUILD)/tests/fuzz/replay.o $$(call room_archives,$$(FUZZ_ROOM_$(1)))
	@mkdir -p $$(@D)
	$$(call run,LD,$$(CC) $$(ALL_CFLAGS) $$(LDFLAGS) $$^ $$(LIBRARIES) -o $$@)
$$(BUILD)/fuzz/$(1)-libfuzzer: $$(fuzz_objects_$(1)) $$(BUILD)/tests/fuzz/fuzzer.o $$(call room_archives,$$(FUZZ_ROOM_$(1)))
	@mkdir -p $$(@D)
	$$(call run,LD,$$(CC) $$(ALL_CFLAGS) -fsanitize=fuzzer $$(LDFLAGS) $$^ $$(LIBRARIES) -o $$@)
.PHONY: fuzz-$(1)
fuzz-$(1): $$(BUILD)/fuzz/$(1)-libfuzzer
	@mkdir -p $$(BUILD)/found/$(1)
	$$< -max_total_time=$$(FUZZ_SECONDS) -timeout=20 -verbosity=0 -print_final_stats=1 \
	    -artifact_prefix=$$(BUILD)/found/$(1)- $$(BUILD)/found/$(1) tests/fuzz/$(1)
endef
$(foreach t,$(fuzz_targets),$(eval $(call fuzz_rules,$(t))))

fuzz_objects := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/fuzz/*.c))
$(fuzz_objects): $(BUILD)/flags
-include $(fuzz_objects:.o=.d)

unit_tests += $(fuzz_replays)
unit: $(fuzz_replays)

fuzz: ## look for inputs that break the readers and the tokeniser (FUZZ_SECONDS each; needs clang)
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzzing CC=clang CFLAGS='$(FUZZ_CFLAGS)' $(fuzz_targets:%=fuzz-%)
.PHONY: fuzz
