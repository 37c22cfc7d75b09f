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

# A table of pipelines/ as Make variables. They come without a file, which another Make of the profile
# could be writing. Any mistake stops here.
#   $(call table_command,TABLE,WORDS)   writes them, or with -v list=yes the list for dlt-report
#   $(call read_table,TABLE,COMMAND)    takes what COMMAND writes
EXPERIMENTS ?= pipelines/experiments.tsv
table_file = $(if $(filter experiments,$(1)),$(EXPERIMENTS),pipelines/$(1).tsv)
table_command = awk -f pipelines/table.awk -f pipelines/$(1).awk $(2) $(call quoted,$(call table_file,$(1)))
read_table = $(call take_lines,$(2))$(call succeeded,$(1))
succeeded = $(if $(filter 0,$(.SHELLSTATUS)),,$(error $(call table_file,$(1)) or the profile cannot be used))

# What `make fetch` downloads goes here, if DLT_DATA does not have it.
DLT_DOWNLOADS ?= $(BUILD)/downloads
places = $(foreach v,DLT_DATA DLT_DOWNLOADS,$(v)=$(call quoted,$(call given,$(v))))
# With -n, to plan and to fetch, the files count as there that can be fetched.
only_shown := $(findstring n,$(filter-out -%,$(firstword $(MAKEFLAGS))))
dry := $(if $(only_shown)$(filter plan fetch,$(MAKECMDGOALS)),yes)
# What is missing is said once: by whichever Make looks at the logs, and not again by those that it, or
# `make paper`, goes on with (SAID). A report alone tells of what it cannot show.
have_logs = $(wildcard $(RUN_LOGS)/*-$(1)-s*.run.msgpack.zst)
logged_datasets = $(foreach d,$(DATASETS),$(if $(call have_logs,$(d)),$(d)))
unsaid := $(if $(SAID)$(filter paper runs,$(MAKECMDGOALS)),$(DATASETS),$(if $(filter-out report,$(MAKECMDGOALS)),,$(logged_datasets)))
$(call read_table,datasets,$(places) $(call table_command,datasets,$(call variable,source,$(SOURCE)) \
    $(call variable,datasets,$(DATASETS)) $(call variable,vocabulary,$(VOCABULARY)) \
    $(call variable,profile,$(PROFILE)) $(call variable,dry,$(dry)) $(call variable,unsaid,$(unsaid)) pipelines/files.tsv pipelines/vocabularies.tsv))

# The list of experiments that the report reads. Nothing is missing of a dataset that has run logs. It
# stays with -n, and to plan and to fetch if it is newer than what it is made of.
experiments_list := $(STATE)/experiments.tsv
report_datasets := $(foreach d,$(DATASETS),$(if $(MISSING_$(d)),$(if $(call have_logs,$(d)),,$(d))))
experiments_command = $(call table_command,experiments,$(call variable,known,$(DATASETS_KNOWN)) \
    $(call variable,wanted,$(DATASETS)) $(call variable,here,$(DATASETS_HERE)) $(call variable,seeds,$(SEEDS)) \
    $(foreach t,1 2 3 4 5 6,$(call variable,seeds_T$(t),$(SEEDS_T$(t)))) $(1))
$(call read_table,experiments,$(experiments_command))
$(if $(RUNS),,$(if $(DATASETS_HERE),$(error $(EXPERIMENTS) has no run for the datasets of profile '$(PROFILE)')))
list_made_of = $(call quoted,$(call table_file,experiments)) $(profile_file) pipelines/experiments.awk pipelines/table.awk
list_stays := $(if $(only_shown),yes)$(if $(dry),$(shell for of in $(list_made_of); do [ $(experiments_list) -nt "$$of" ] || exit; done; echo yes))
list_written := $(if $(list_stays),,$(shell $(foreach d,$(report_datasets),MISSING_$(d)=$(call quoted,$(MISSING_$(d)))) \
    pipelines/update $(experiments_list) $(call experiments_command,-v list=yes)))
$(if $(list_stays),,$(call succeeded,experiments))
$(experiments_list):
no_runs := $(filter-out $(RUNS:%=$(RUN_LOGS)/%.run.msgpack.zst),$(filter $(RUN_LOGS)/%.run.msgpack.zst,$(MAKECMDGOALS)))
ifneq ($(no_runs),)
$(error profile '$(PROFILE)' has no run '$(patsubst $(RUN_LOGS)/%.run.msgpack.zst,%,$(firstword $(no_runs)))')
endif
endif

# Where the runs are trained: a line of devices.tsv.
DEVICE ?= cpu
device_field = $(shell awk -F '\t' $(call variable,name,$(DEVICE)) '$$1 == name { print $$$(1) }' pipelines/devices.tsv)
device_kind := $(call device_field,2)
ifeq ($(device_kind),)
$(error no device '$(DEVICE)' in pipelines/devices.tsv)
endif
