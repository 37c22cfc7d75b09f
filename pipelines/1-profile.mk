# The profile's sizes, and the tables of datasets and experiments as variables.

PROFILE ?= quick
DATA := $(BUILD)/data/$(PROFILE)
STATE := $(BUILD)/state/$(PROFILE)
RUN_LOGS := results/$(PROFILE)
CHECKPOINTS := $(BUILD)/checkpoints/$(PROFILE)
bin := $(BUILD)/bin
profile_file := pipelines/profiles/$(PROFILE).mk
profile_goals := paper runs data fetch why plan check-logs train-all report digests
ifneq ($(filter $(profile_goals) $(RUN_LOGS)/% paper/build/%,$(MAKECMDGOALS)),)
ifeq ($(wildcard $(profile_file)),)
$(error no profile '$(PROFILE)'; there are: $(basename $(notdir $(wildcard pipelines/profiles/*.mk))))
endif
include $(profile_file)

# What every profile sets; a size may be another for an architecture: LAYERS_bert.
profile_sizes := LAYERS WIDTH HEADS CONTEXT BATCH DROPOUT EPISODES STEPS_PER_ACTION LEARNING_RATE \
    EVAL_EVERY EPSILON_DECAY
profile_missing := $(strip $(foreach v,TITLE SOURCE DATASETS SEEDS VOCABULARY $(profile_sizes),$(if $(strip $($(v))),,$(v))))
ifneq ($(profile_missing),)
$(error profile '$(PROFILE)' does not set $(profile_missing))
endif

# A table of pipelines/ as Make variables, in a file that is then included.
# $(call expand,TABLE,VARIABLES): the file's name; any mistake stops here.
expand_into = $(BUILD)/pipelines/$(PROFILE).$(1).mk
EXPERIMENTS ?= pipelines/experiments.tsv
expand = $(if $(shell mkdir -p $(BUILD)/pipelines && $(3) awk -f pipelines/table.awk -f pipelines/$(1).awk $(2) \
    $(if $(filter experiments,$(1)),$(EXPERIMENTS),pipelines/$(1).tsv) > $(expand_into) || echo failed),$(error pipelines/$(1).tsv or the profile cannot be used),$(expand_into))

# What `make fetch` downloads goes here, if DLT_DATA does not have it.
DLT_DOWNLOADS ?= $(BUILD)/downloads
# With -n, to plan and to fetch, the files count as there that can be fetched.
dry := $(if $(findstring n,$(filter-out -%,$(firstword $(MAKEFLAGS))))$(filter plan fetch,$(MAKECMDGOALS)),yes)
# What is missing is said once: by whichever Make looks at the logs, and not again by those that it, or
# `make paper`, goes on with (SAID). A report alone tells of what it cannot show.
have_logs = $(wildcard $(RUN_LOGS)/*-$(1)-s*.run.msgpack.zst)
logged_datasets = $(foreach d,$(DATASETS),$(if $(call have_logs,$(d)),$(d)))
unsaid := $(if $(SAID)$(filter paper runs,$(MAKECMDGOALS)),$(DATASETS),$(if $(filter-out report,$(MAKECMDGOALS)),,$(logged_datasets)))
include $(call expand,datasets,-v source=$(SOURCE) -v datasets='$(DATASETS)' -v vocabulary='$(VOCABULARY)' \
    -v folder='$(DLT_DATA)' -v downloads='$(DLT_DOWNLOADS)' -v dry=$(dry) -v unsaid='$(unsaid)' \
    pipelines/files.tsv pipelines/vocabularies.tsv)

# The list of experiments that the report reads. Nothing is missing of a dataset that has run logs.
experiments_list := $(BUILD)/pipelines/$(PROFILE).experiments.tsv
report_datasets := $(foreach d,$(DATASETS),$(if $(MISSING_$(d)),$(if $(call have_logs,$(d)),,$(d))))
include $(call expand,experiments,-v known='$(DATASETS_KNOWN)' -v wanted='$(DATASETS)' -v here='$(DATASETS_HERE)' \
    -v seeds='$(SEEDS)' $(foreach t,1 2 3 4 5 6,-v seeds_T$(t)='$(SEEDS_T$(t))') -v list=$(experiments_list).new,$(foreach d,$(report_datasets),MISSING_$(d)='$(MISSING_$(d))'))
no_runs := $(filter-out $(RUNS:%=$(RUN_LOGS)/%.run.msgpack.zst),$(filter $(RUN_LOGS)/%.run.msgpack.zst,$(MAKECMDGOALS)))
ifneq ($(no_runs),)
$(error profile '$(PROFILE)' has no run '$(patsubst $(RUN_LOGS)/%.run.msgpack.zst,%,$(firstword $(no_runs)))')
endif
list_written := $(shell pipelines/update $(experiments_list) < $(experiments_list).new)
endif

# Where the runs are trained: a line of devices.tsv.
DEVICE ?= cpu
device_field = $(shell awk -F '\t' '$$1 == "$(DEVICE)" { print $$$(1) }' pipelines/devices.tsv)
device_kind := $(call device_field,2)
ifeq ($(device_kind),)
$(error no device '$(DEVICE)' in pipelines/devices.tsv)
endif
