# test, bench, install, deps.

test_programs := $(BUILD)/emu/libdlt-cuda.so $(BUILD)/gpu/ops $(BUILD)/bench/model $(BUILD)/damage/damage
test: all unit $(test_programs) ## pass the tests (real data from DLT_DATA where it is set)
	@BUILD_DIR=$(call quoted,$(abspath $(BUILD))) tests/run $(unit_tests)
.PHONY: test

install: all ## copy the tools, and the CUDA kernels if built, to PREFIX (/usr/local), below DESTDIR if set
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(programs) $(DESTDIR)$(PREFIX)/bin
	[ ! -e $(BUILD)/lib/libdlt-cuda.so ] || install -D -t $(DESTDIR)$(PREFIX)/lib $(BUILD)/lib/libdlt-cuda.so
.PHONY: install

packages := gcc g++ make zstd libc6-dev libzstd-dev libmsgpack-dev libutf8proc-dev libxxhash-dev \
    nettle-dev bats jq curl ca-certificates unzip python3 openssl gnuplot-nox fonts-lmodern latexmk texlive-latex-base \
    texlive-latex-recommended texlive-fonts-recommended lmodern

deps: ## install what is needed, with apt-get (sudo where not root)
	@pipelines/install-packages $(packages)
.PHONY: deps

# `make deps paper` installs before anything is compiled, also under -j.
ifneq ($(filter deps,$(MAKECMDGOALS)),)
$(objects) paper: | deps
endif
