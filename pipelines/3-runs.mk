# Training: a run log per line of experiments.tsv, dataset and seed, and what is measured afterwards.
#
# A .config file holds all that a run's result depends on: the options, the digests of its tokens,
# and what the tools compute (fingerprint). A .trained file holds the configuration that its run log
# was made of, and the log's digest: it changes only if the result does. An .outcome file holds what
# other runs want to know of how the run ended; these depend on it. `make why` shows which runs would
# be made, and what changed.

# CPU runs go side by side, one thread each; others wait for their turn at the device.
THREADS ?= $(if $(filter cpu,$(device_kind)),1)
export LAUNCH
QUEUE ?= $(if $(filter cpu,$(device_kind)),,$(BUILD)/device.lock)

run_log = $(RUN_LOGS)/$(1).run.msgpack.zst
run_checkpoint = $(CHECKPOINTS)/$(1).checkpoint.msgpack.zst
run_splits = $(SPLITS_$(RUN_DATASET_$(1)))
run_digests = $(foreach s,$(call run_splits,$(1)),$(DATA)/$(RUN_DATASET_$(1)).$(s).digest)
run_token_files = $(foreach s,$(call run_splits,$(1)),$(DATA)/$(RUN_DATASET_$(1)).$(s).tokens.msgpack.zst)
run_tokens = $(foreach s,$(call run_splits,$(1)),--$(s) $(DATA)/$(RUN_DATASET_$(1)).$(s).tokens.msgpack.zst)
run_needs = $(RUN_NEEDS_$(1):%=$(STATE)/%.outcome)
run_needs_first = $(if $(filter why check-logs,$(MAKECMDGOALS)),,$(call run_needs,$(1)))

# $(call size,NAME,RUN): for the run's architecture, or else for all.
size = $(strip $(or $($(1)_$(RUN_ARCH_$(2))),$($(1))))
comma := ,
run_learns = $(filter qlearn random greedy,$(firstword $(RUN_POLICY_$(1))))
run_agent = dlt-qagent --policy $(RUN_POLICY_$(1))$(if $(call run_learns,$(1)), --epsilon-decay $(call size,EPSILON_DECAY,$(1))$(AGENT:%= %))
run_floor = $(if $(filter corpus,$(SOURCE)),$(comma)floor_bits_per_byte=$(shell cat $(DATA)/$(RUN_DATASET_$(1)).floor 2>/dev/null))
# What the text is a sample of, the report says of every run on it.
run_sample = $(if $(filter corpus,$(SOURCE)),,$(if $(SAMPLE_$(RUN_DATASET_$(1))),$(comma)sample=$(SAMPLE_$(RUN_DATASET_$(1)))))
run_labels = dataset=$(RUN_DATASET_$(1)),arch=$(RUN_ARCH_$(1)),method=$(RUN_METHOD_$(1)),seed=$(RUN_SEED_$(1)),profile=$(PROFILE)$(call run_floor,$(1))$(call run_sample,$(1))
# The further options of dlt-train and dlt-qagent may be the profile's, too: TRAIN, AGENT.
run_options = --arch $(RUN_ARCH_$(1)) --layers $(call size,LAYERS,$(1)) --width $(call size,WIDTH,$(1)) \
    --heads $(call size,HEADS,$(1)) --context $(call size,CONTEXT,$(1)) --batch $(call size,BATCH,$(1)) \
    --dropout $(call size,DROPOUT,$(1)) --episodes $(call size,EPISODES,$(1)) \
    --steps-per-action $(call size,STEPS_PER_ACTION,$(1)) --lr $(call size,LEARNING_RATE,$(1)) \
    --eval-every $(call size,EVAL_EVERY,$(1)) $(strip $(TRAIN)) $(RUN_OPTIONS_$(1)) --seed $(RUN_SEED_$(1)) \
    --labels '$(call run_labels,$(1))' --agent '$(call run_agent,$(1))'

# The true entropy of a generated test text, which no model can go below.
$(DATA)/%.floor: $(STATE)/%.test.recipe | $(bin)/dlt-corpus
	$(call run,ENTROPY,pipelines/write $@ $(call text_command_corpus,$*,test) --entropy)
run_floor_file = $(if $(filter corpus,$(SOURCE)),$(DATA)/$(RUN_DATASET_$(1)).floor)

.SECONDEXPANSION:
$(STATE)/%.config: $$(call run_digests,$$*) $$(call run_floor_file,$$*) $$(call run_needs_first,$$*) $(fingerprint) FORCE
	@options=$$(echo "$(call run_options,$*)" | pipelines/options $(call run_needs,$*)) && \
	    pipelines/update $@ pipelines/config "$$options" $(fingerprint) $(call run_digests,$*)

# exec: a signal that Make passes on reaches the script, which passes it on to the training.
$(STATE)/%.trained: $(STATE)/%.config FORCE | $(bin)/dlt-train $(bin)/dlt-qagent $(bin)/dlt-cat
	@exec env QUEUE=$(call quoted,$(QUEUE)) BIN=$(bin) pipelines/alone $(call run_checkpoint,$*).lock \
	    '$*: waiting for another process that trains it' pipelines/train $* $< $@ $(call run_log,$*) \
	    $(call run_checkpoint,$*) $(bin)/dlt-train $(call run_tokens,$*) --device $(device_kind) $(THREADS:%=--threads %)

$(STATE)/%.outcome: $(STATE)/%.trained
	@BIN=$(bin) pipelines/update $@ pipelines/outcome $* $(RUN_DATASET_$*) $(call run_log,$*)

$(RUN_LOGS)/%.run.msgpack.zst: $(STATE)/%.trained ;

# ---- Measured afterwards -----------------------------------------------------------------------

# Measured again where the run or what dlt-eval computes changed.
$(STATE)/eval.recipe: $(fingerprint) FORCE
	@pipelines/update $@ grep '^eval ' $<
# $(call measure,LOG,CHECKPOINT), and dlt-eval's words.
measure = @BIN=$(bin) $(alone) pipelines/measure $@ $(1) $(2) $(bin)/dlt-eval
measure_run = $(call measure,$(call run_log,$(1)),$(call run_checkpoint,$(1)))

# What is known of each test text without any context.
$(RUN_LOGS)/unigram-%.metrics.msgpack.zst: $(DATA)/%.train.digest $(DATA)/%.test.digest $(STATE)/eval.recipe | $(bin)/dlt-eval $(bin)/dlt-cat
	$(call measure,-,-) unigram --quiet --train $(DATA)/$*.train.tokens.msgpack.zst \
	    --tokens $(DATA)/$*.test.tokens.msgpack.zst --labels dataset=$*,profile=$(PROFILE)

# How alike the weights of independent layers are: for Figure 4.
$(RUN_LOGS)/similarity-%.metrics.msgpack.zst: $(STATE)/%.trained $(STATE)/eval.recipe | $(bin)/dlt-eval $(bin)/dlt-cat
	$(call measure_run,$*) similarity --quiet --checkpoint $(call run_checkpoint,$*)

# The last word of LAMBADA's passages: for Tables 1 and 2.
$(RUN_LOGS)/lastword-%.metrics.msgpack.zst: $(STATE)/%.trained $(DATA)/lambada.passages.digest $(STATE)/eval.recipe | $(bin)/dlt-eval $(bin)/dlt-cat
	$(call measure_run,$*) lastword --quiet --checkpoint $(call run_checkpoint,$*) \
	    --tokens $(DATA)/lambada.passages.tokens.msgpack.zst
lastword_runs = $(if $(PASSAGES_lambada),$(foreach r,$(sort $(RUNS_T1) $(RUNS_T2)),$(if $(filter lambada,$(RUN_DATASET_$(r))),$(r))))

metrics = $(DATASETS_HERE:%=unigram-%) $(RUNS_F4:%=similarity-%) $(lastword_runs:%=lastword-%)

# ---- Planned ----------------------------------------------------------------------------------

# The options of a run whose needs may not be known, and its texts or a stand-in of the same
# vocabulary, for dlt-train --dry-run.
$(STATE)/%.planned: FORCE
	@options=$$(echo "$(call run_options,$*)" | pipelines/options --assume $(wildcard $(call run_needs,$*))) && \
	    pipelines/update $@ printf '%s\n' "$$options"
vocabulary_size_gpt2 := 50257
vocabulary_size_bert-uncased := 30522
stand_in = $(BUILD)/pipelines/stand-in-$(or $(vocabulary_size_$(VOCABULARY)),$(VOCABULARY)).tokens.msgpack.zst
$(BUILD)/pipelines/stand-in-%.tokens.msgpack.zst: pipelines/stand-in | $(bin)/dlt-tokenize
	@pipelines/write $@.vocab pipelines/stand-in $*
	@seq 5000 | $(bin)/dlt-tokenize encode --quiet --vocab $@.vocab -o $@ -
run_has_texts = $(if $(filter-out $(wildcard $(call run_token_files,$(1))),$(call run_token_files,$(1))),,yes)
planned_command = $(bin)/dlt-train --device $(device_kind) $(if $(call run_has_texts,$(1)),$(call run_tokens,$(1)),--train $(stand_in))
planned_flags = -$(if $(call run_lacks,$(1)),a)$(if $(call run_has_texts,$(1)),,t)

plan: $(RUNS:%=$(STATE)/%.planned) $(stand_in) | $(bin)/dlt-train $(bin)/dlt-qagent $(bin)/dlt-cat ## say what PROFILE takes: tokens, operations, memory, hours (DEVICE=h200, SPEED=4e14)
	@{ $(foreach r,$(RUNS),echo '$(r) $(call planned_flags,$(r)) $(STATE)/$(r).planned $(call planned_command,$(r))';) } | \
	    BIN=$(bin) pipelines/plan $(call quoted,$(DEVICE)) $(call quoted,$(SPEED)) $(if $(filter cpu,$(device_kind)),$(JOBS),1)
SPEED ?= $(call device_field,3)
.PHONY: plan

# ---- Targets -----------------------------------------------------------------------------------

# Runs whose configuration is known before anything is trained: those that need no other's outcome,
# or have it from before. Only then, and for nothing but training, is an outcome itself brought about.
run_lacks = $(filter-out $(wildcard $(call run_needs,$(1))),$(call run_needs,$(1)))
known_runs = $(foreach r,$(RUNS),$(if $(call run_lacks,$(r)),,$(r)))

# Before anything is trained, every new experiment's options are tried.
# Logs that are there are looked at before anything is trained.
runs: ## train every run of PROFILE
	@+$(sub_make) check-logs
	@+$(sub_make) train-all SAID=yes
logs_here = $(wildcard $(RUN_LOGS)/*.msgpack.zst)
logged_runs = $(foreach r,$(known_runs),$(if $(wildcard $(call run_log,$(r))),$(r)))
# Of an experiment that has no log, one run.
new_runs = $(filter-out $(logged_runs),$(FIRST_RUNS))
check-logs: $(logged_runs:%=$(STATE)/%.config) $(new_runs:%=$(STATE)/%.planned) $(foreach r,$(new_runs),$(call run_digests,$(r))) | $(bin)/dlt-train $(bin)/dlt-qagent $(bin)/dlt-cat
	@$(if $(logs_here),BIN=$(bin) pipelines/check $(logs_here) >/dev/null)
	@$(foreach r,$(logged_runs),BIN=$(bin) pipelines/examine $(STATE)/$(r).config $(STATE)/$(r).trained \
	    $(call run_log,$(r)) $(bin)/dlt-train $(call run_tokens,$(r)) >/dev/null &&) true
	@{ $(foreach r,$(new_runs),echo '$(r) $(STATE)/$(r).planned $(bin)/dlt-train $(call run_tokens,$(r))';) true; } | BIN=$(bin) pipelines/try
train-all: $(RUNS:%=$(STATE)/%.trained) $(metrics:%=$(RUN_LOGS)/%.metrics.msgpack.zst)

why: $(known_runs:%=$(STATE)/%.config) | $(bin)/dlt-train $(bin)/dlt-qagent $(bin)/dlt-cat ## say which runs of PROFILE would be trained, and why
	@{ :; $(foreach r,$(RUNS),echo '$(r) $(call run_log,$(r)) $(words $(call run_lacks,$(r))) $(RUN_NEEDS_$(r):%=%,)' \
	    '| $(bin)/dlt-train $(call run_tokens,$(r))';) } | BIN=$(bin) pipelines/why $(STATE)
.PHONY: runs why check-logs train-all
