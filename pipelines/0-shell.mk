# What the other files share: words for the shell, what a command prints as variables, commands and
# Makes within this one. Included first.

# Before a command that makes $@: two Makes of one profile wait for each other.
alone = pipelines/alone $(STATE)/$(@F).lock '$(@F): waiting for another process that makes it'

# For awk.
variable = -v $(1)=$(call quoted,$(2))
# As it was given: Make would look for its own variables in what comes from the environment.
given = $(if $(findstring environment,$(origin $(1))),$(value $(1)),$($(1)))

# $(call take_lines,COMMAND): what COMMAND prints are lines of Make; .SHELLSTATUS tells how it ended.
line_end := $(shell printf '\036')
define newline


endef
take_lines = $(eval $(subst $(line_end),$(newline),$(shell lines=$$($(1)) && printf '%s\n' "$$lines" | tr '\n' '\036')))

# As many jobs as there are processors, unless the user said how many.
JOBS ?= $(shell nproc)
sub_make = $(MAKE) --no-print-directory PROFILE=$(PROFILE) $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))
