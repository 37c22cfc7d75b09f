# Crashes: the library of faults that the tests preload, and their long form.
#   KILLS=500  of each kind
#   SEED=1     of the moments at which they come

# Without a sanitizer: shells load it too, which have none.
$(BUILD)/crash/fault.so: tests/crash/fault.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call run,LD,$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fno-sanitize=all -shared -fPIC $< -o $@)

test: $(BUILD)/crash/fault.so
KILLS ?= 500
SEED ?= 1
crash: all $(BUILD)/crash/fault.so ## kill runs and fill disks at KILLS random moments, and see that nothing is lost
	@BUILD_DIR=$(call quoted,$(abspath $(BUILD))) KILLS=$(KILLS) SEED=$(SEED) bats tests/091-crash.bats tests/092-resources.bats
.PHONY: crash
