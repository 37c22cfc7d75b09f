# The profile's sizes, and the tables of experiments and datasets as variables.

PROFILE ?= quick
profile_file := pipelines/profiles/$(PROFILE).mk
# `make report` needs none of them: it takes the run logs that are there.
pipeline_goals := paper runs data fetch why
ifneq ($(filter $(pipeline_goals) results/% paper/build/%,$(MAKECMDGOALS)),)
ifeq ($(wildcard $(profile_file)),)
$(error no profile '$(PROFILE)'; there are: $(basename $(notdir $(wildcard pipelines/profiles/*.mk))))
endif
include $(profile_file)
profile_missing := $(strip $(foreach v,TITLE SOURCE DATASETS SEEDS VOCABULARY TRAIN AGENT,$(if $($(v)),,$(v))))
ifneq ($(profile_missing),)
$(error profile '$(PROFILE)' does not set $(profile_missing))
endif

# A table of pipelines/ as Make variables, in the file that is then included.
# $(call expand,TABLE,VARIABLES): the file's name; any mistake stops here.
expand_into = $(BUILD)/pipelines/$(PROFILE).$(1).mk
expand = $(if $(shell mkdir -p $(BUILD)/pipelines && awk -f pipelines/table.awk -f pipelines/$(1).awk $(2) \
    pipelines/$(1).tsv > $(expand_into) || echo failed),$(error pipelines/$(1).tsv or the profile cannot be used),$(expand_into))

# What `make fetch` downloads goes here, if DLT_DATA does not have it.
DLT_DOWNLOADS ?= $(BUILD)/downloads
# With -n, to plan and to fetch, the files count as there that can be fetched.
dry := $(if $(findstring n,$(filter-out -%,$(firstword $(MAKEFLAGS))))$(filter plan fetch,$(MAKECMDGOALS)),yes)
include $(call expand,datasets,-v source=$(SOURCE) -v datasets='$(DATASETS)' -v vocabulary='$(VOCABULARY)' \
    -v folder='$(DLT_DATA)' -v downloads='$(DLT_DOWNLOADS)' -v dry=$(dry) \
    pipelines/files.tsv pipelines/vocabularies.tsv)
include $(call expand,experiments,-v known='$(DATASETS_KNOWN)' -v here='$(DATASETS_HERE)' -v seeds='$(SEEDS)')
endif

DATA := $(BUILD)/data/$(PROFILE)
STATE := $(BUILD)/state/$(PROFILE)
RUN_LOGS := results/$(PROFILE)
CHECKPOINTS := $(BUILD)/checkpoints/$(PROFILE)
bin := $(BUILD)/bin
