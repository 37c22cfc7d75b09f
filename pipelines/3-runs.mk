# Training: a run log per line of experiments.tsv, dataset and seed.
#
# A .config file holds all that a run's result depends on: the options, the digests of its tokens,
# and what the tools compute (fingerprint). It changes only if one of them does; the run log depends
# on it alone. `make why` shows which runs would be made, and what changed.

THREADS ?= 1
run_splits = $(SPLITS_$(RUN_DATASET_$(1)))
run_digests = $(foreach s,$(call run_splits,$(1)),$(DATA)/$(RUN_DATASET_$(1)).$(s).digest)
run_tokens = $(foreach s,$(call run_splits,$(1)),--$(s) $(DATA)/$(RUN_DATASET_$(1)).$(s).tokens.msgpack.zst)
run_agent = dlt-qagent --policy $(RUN_POLICY_$(1))$(if $(filter qlearn random greedy,$(RUN_POLICY_$(1))), $(AGENT))
comma := ,
run_floor = $(if $(filter corpus,$(SOURCE)),$(comma)floor_bits_per_byte=$(shell cat $(DATA)/$(RUN_DATASET_$(1)).floor 2>/dev/null))
run_labels = dataset=$(RUN_DATASET_$(1)),arch=$(RUN_ARCH_$(1)),method=$(RUN_METHOD_$(1)),seed=$(RUN_SEED_$(1)),profile=$(PROFILE)$(call run_floor,$(1))
run_options = --arch $(RUN_ARCH_$(1)) $(strip $(TRAIN)) $(RUN_OPTIONS_$(1)) --seed $(RUN_SEED_$(1)) \
    --labels '$(call run_labels,$(1))' --agent '$(call run_agent,$(1))'

# The true entropy of a generated test text, which no model can go below.
$(DATA)/%.floor: $(STATE)/%.test.recipe | $(bin)/dlt-corpus
	@mkdir -p $(@D)
	$(call text_command_corpus,$*,test) --entropy > $@
run_floor_file = $(if $(filter corpus,$(SOURCE)),$(DATA)/$(RUN_DATASET_$(1)).floor)

.SECONDEXPANSION:
$(STATE)/%.config: $$(call run_digests,$$*) $$(call run_floor_file,$$*) $(BUILD)/state/fingerprint FORCE
	@{ echo "$(call run_options,$*)"; cat $(call run_digests,$*); sed -n 3p $(BUILD)/state/fingerprint; } | pipelines/update $@

$(RUN_LOGS)/%.run.msgpack.zst: $(STATE)/%.config | $(bin)/dlt-train $(bin)/dlt-qagent
	@mkdir -p $(@D)
	@pipelines/train $* $< $@ $(CHECKPOINTS)/$*.checkpoint.msgpack.zst \
	    $(LAUNCH) $(bin)/dlt-train $(call run_tokens,$*) $(call run_options,$*) --threads $(THREADS) \
	    --checkpoint-every 500

# What is known of each test text without any context.
$(RUN_LOGS)/unigram-%.metrics.msgpack.zst: $(DATA)/%.train.digest $(DATA)/%.test.digest | $(bin)/dlt-eval
	@mkdir -p $(@D)
	@$(bin)/dlt-eval unigram --quiet --train $(DATA)/$*.train.tokens.msgpack.zst \
	    --tokens $(DATA)/$*.test.tokens.msgpack.zst --labels dataset=$*,profile=$(PROFILE) -o $@

runs: $(RUNS:%=$(RUN_LOGS)/%.run.msgpack.zst) $(DATASETS_HERE:%=$(RUN_LOGS)/unigram-%.metrics.msgpack.zst) ## train every run of PROFILE
why: $(RUNS:%=$(STATE)/%.config) ## say which runs of PROFILE would be trained, and why
	@pipelines/why $(STATE) $(CHECKPOINTS) $(RUN_LOGS) $(RUNS)
.PHONY: runs why
