# The profile's sizes, and the tables of experiments and datasets as variables.

PROFILE ?= quick
profile_file := pipelines/profiles/$(PROFILE).mk
# `make report` needs none of them: it takes the run logs that are there.
pipeline_goals := paper runs data why
ifneq ($(filter $(pipeline_goals) results/% paper/build/%,$(MAKECMDGOALS)),)
ifeq ($(wildcard $(profile_file)),)
$(error no profile '$(PROFILE)'; there are: $(basename $(notdir $(wildcard pipelines/profiles/*.mk))))
endif
include $(profile_file)
profile_missing := $(strip $(foreach v,TITLE SOURCE DATASETS SEEDS VOCABULARY TRAIN AGENT,$(if $($(v)),,$(v))))
ifneq ($(profile_missing),)
$(error profile '$(PROFILE)' does not set $(profile_missing))
endif

expanded := $(BUILD)/pipelines/$(PROFILE).mk
expansion := $(shell mkdir -p $(dir $(expanded)) && pipelines/expand -v source=$(SOURCE) \
    -v datasets='$(DATASETS)' -v seeds='$(SEEDS)' -v folder='$(DLT_DATA)' \
    pipelines/datasets.tsv pipelines/experiments.tsv > $(expanded) || echo failed)
ifneq ($(expansion),)
$(error the tables of pipelines/ cannot be used)
endif
include $(expanded)
endif

DATA := $(BUILD)/data/$(PROFILE)
STATE := $(BUILD)/state/$(PROFILE)
RUN_LOGS := results/$(PROFILE)
CHECKPOINTS := $(BUILD)/checkpoints/$(PROFILE)
bin := $(BUILD)/bin
