# The same bits: what a profile computes, against digests of what it has computed before.
#
# results/digests/PROFILE.tsv has a line for every run log, metrics file and report of the profile.

DIGESTS := results/digests/$(PROFILE).tsv
VERIFY := $(BUILD)/verify/$(PROFILE)
# Everything that the rules of a profile write, below a folder of its own.
below = DATA=$(1)/data STATE=$(1)/state CHECKPOINTS=$(1)/checkpoints RUN_LOGS=$(1)/results PAPER=$(1)/paper

digests: runs $(bin)/dlt-report ## write the digests of what PROFILE computes into results/digests
	@BIN=$(bin) pipelines/update $(DIGESTS) pipelines/digests $(experiments_list) $(RUNS:%=$(RUN_LOGS)/%.run.msgpack.zst) \
	    $(metrics:%=$(RUN_LOGS)/%.metrics.msgpack.zst)
.PHONY: digests

# In a folder of its own, from nothing, or from where it was interrupted.
verify: $(programs) ## compute PROFILE's results anew and compare them with results/digests
	@[ -s $(DIGESTS) ] || { echo "verify: there is no $(DIGESTS) to compare with; there are: $(notdir $(basename $(wildcard results/digests/*)))" >&2; exit 2; }
	@pipelines/anew $(VERIFY) $(VERIFY)/digests.tsv $(tools:%=$(bin)/%)
	@+$(sub_make) $(call below,$(VERIFY)) DIGESTS=$(VERIFY)/digests.tsv digests
	@pipelines/compare $(DIGESTS) $(VERIFY)/digests.tsv
.PHONY: verify

# VERIFY_PROFILE: what each of some forty configurations computes.
VERIFY_PROFILE ?= tiny
verify-all: ## the same with every compiler, instruction set, number of threads, and on aarch64 emulated
	@pipelines/verify-all $(BUILD)/configurations $(VERIFY_PROFILE)
.PHONY: verify-all
