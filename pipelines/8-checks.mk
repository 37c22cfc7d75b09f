# What looks at the code itself: the compilers' warnings, clang-tidy, cppcheck, sanitizers, Valgrind,
# and changes to it that must be noticed.
#
# Each is a target of its own, since each takes its time; `make lint` is those that run nothing.

lint: check-warnings check-tidy check-cppcheck ## look at the code with two compilers, clang-tidy and cppcheck

# $(call built_by,COMPILER,C++ COMPILER): everything, where any warning is an error.
built_by = +@$(MAKE) --no-print-directory BUILD=$(BUILD)/warnings-$(1) CC=$(1) CXX=$(2) NVCC= CFLAGS='-O2 -Werror' \
    CXXFLAGS=-Werror all unit $(patsubst $(BUILD)/%,$(BUILD)/warnings-$(1)/%,$(benches) $(gpu_programs))
check-warnings: ## compile everything with gcc and with clang, warnings being errors
	$(call built_by,gcc,g++)
	$(call built_by,clang,clang++)
check-tidy: ## read the code with clang-tidy, as .clang-tidy says
	@tests/checks/tidy
check-cppcheck: ## read the code with cppcheck, but for what tests/checks/cppcheck.txt says
	@cppcheck --quiet --enable=warning,style,performance,portability --std=c11 --error-exitcode=1 \
	    --suppressions-list=tests/checks/cppcheck.txt -I. -DDLT_VERSION='"0"' -DDLT_OPS_CHECKSUM=0U -DDLT_ISA=plain -DDLT_ISA_plain \
	    --template='{file}:{line}: {severity}: {id}: {message}' lib tools kernels/cpu
.PHONY: lint check-warnings check-tidy check-cppcheck

check-asan: ## pass the tests under AddressSanitizer: reads and writes out of bounds, leaks
	@tests/checks/sanitize address $(BUILD)/asan
check-ubsan: ## pass the tests under UndefinedBehaviorSanitizer
	@tests/checks/sanitize undefined $(BUILD)/ubsan
check-tsan: ## pass the tests under ThreadSanitizer: data races (it knows OpenMP by Archer)
	@tests/checks/sanitize thread $(BUILD)/tsan
check-valgrind: ## run the unit tests, and every tool from text to tables, under Valgrind
	@tests/checks/valgrind $(BUILD)/valgrind
check-fingerprint: ## change each constant at which a sum is cut: what the tools compute must tell
	@tests/checks/fingerprint $(BUILD)/fingerprint
.PHONY: check-asan check-ubsan check-tsan check-valgrind check-fingerprint

check_packages := clang clang-tidy cppcheck valgrind libomp-dev gcc-aarch64-linux-gnu qemu-user libc6-dev-arm64-cross \
    $(addsuffix :arm64,libzstd-dev libmsgpack-dev libutf8proc-dev libxxhash-dev nettle-dev)
deps-checks: ## install what `make verify-all`, `make lint` and the checks need
	@pipelines/install-packages $(packages) $(check_packages)
.PHONY: deps-checks
