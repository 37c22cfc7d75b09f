# Texts, vocabularies and tokens of each dataset of the profile.
#
# A .recipe file says how a text is made; it changes only if that changes, and the text depends on it
# alone. A .digest file holds the content digest of the tokens: what a run depends on.

fingerprint := $(BUILD)/state/fingerprint
$(fingerprint): pipelines/fingerprint $(addprefix $(bin)/,dlt-corpus dlt-tokenize dlt-train dlt-qagent dlt-eval dlt-cat)
	$(call run,NUMERICS,pipelines/write $@ pipelines/fingerprint $(bin))

fetch: ## download what PROFILE needs and DLT_DATA lacks, into DLT_DOWNLOADS (build/downloads)
	$(if $(FETCH),@$(places) pipelines/fetch pipelines/files.tsv $(FETCH),@true)
.PHONY: fetch

# Texts: generated, or prepared from real files. $(call ...,DATASET,SPLIT). The split `passages` is
# the test text with its line ends, for LAMBADA's last-word task.
corpus_split = $(patsubst passages,test,$(2))
corpus_seed_train := 1
corpus_seed_valid := 2
corpus_seed_test := 3
corpus_bytes = $(or $(BYTES_$(2)_$(1)),$(BYTES_$(2)),$(error profile '$(PROFILE)' does not set BYTES_$(2)_$(1)))
corpus_command = dlt-corpus --style $(STYLE_$(2)_$(1)) --language $(LANGUAGE_$(1)) \
    --split $(2) --seed $(corpus_seed_$(2)) --bytes $(call corpus_bytes,$(1),$(2))
text_command_corpus = $(bin)/$(call corpus_command,$(1),$(corpus_split))
text_recipe_corpus = $(call corpus_command,$(1),$(corpus_split))
text_maker_corpus = grep '^text ' $(fingerprint)
text_command_files = pipelines/prepare $(PREPARE_$(1)) $(2) $(FILES_$(1))
text_recipe_files = prepare $(PREPARE_$(1)) $(2) $(HASHES_$(1))
text_maker_files = sha256sum <pipelines/prepare
text_kind = $(if $(filter corpus,$(SOURCE)),corpus,files)

# The vocabulary is trained on the training text, or one that is known by name.
vocabulary_trained := $(if $(VOCABULARY_FILE),,yes)
vocabulary_of = $(DATA)/$(1).vocab.$(if $(findstring wordpiece,$(VOCABULARY_OPTIONS)),txt,bpe)

define split_rules
$$(STATE)/$(1).$(2).recipe: $$(fingerprint) FORCE
	@maker=$$$$($$(text_maker_$(text_kind))) && \
	    pipelines/update $$@ printf '%s\n' '$$(call text_recipe_$(text_kind),$(1),$(2))' "$$$$maker"
$$(DATA)/$(1).$(2).txt: $$(STATE)/$(1).$(2).recipe | $$(bin)/dlt-corpus
	$$(if $$(CHECKS_$(1)),@pipelines/verify $$(CHECKS_$(1)))
	$$(call run,TEXT,pipelines/write $$@ $$(call text_command_$(text_kind),$(1),$(2)))
$$(DATA)/$(1).$(2).tokens.msgpack.zst: $$(DATA)/$(1).$(2).txt $$(call vocabulary_of,$(1)) \
    $$(STATE)/tokenize.recipe | $$(bin)/dlt-tokenize
	$$(call run,TOKENS,$$(alone) $$(bin)/dlt-tokenize encode --quiet --vocab $$(call vocabulary_of,$(1)) \
	    $$(VOCABULARY_OPTIONS) $(if $(filter passages,$(2)),--lines )-o $$@ $$<)
$$(DATA)/$(1).$(2).digest: $$(DATA)/$(1).$(2).tokens.msgpack.zst | $$(bin)/dlt-cat
	@checked=$$$$(BIN=$$(bin) pipelines/check $$<) && pipelines/write $$@ echo "$$$${checked##* }"
endef

define dataset_rules
$$(call vocabulary_of,$(1)): $$(if $$(vocabulary_trained),$$(DATA)/$(1).train.txt) $$(STATE)/tokenize.recipe | $$(bin)/dlt-tokenize
	@mkdir -p $$(@D)
	$$(if $$(vocabulary_trained),$$(call run,VOCABULARY,\
	    $$(alone) $$(bin)/dlt-tokenize train --quiet --size $$(VOCABULARY) -o $$@ $$<),\
	    @pipelines/verify $$(VOCABULARY_HASH) $$(VOCABULARY_FILE) && pipelines/write $$@ cat $$(VOCABULARY_FILE))
$(foreach s,$(SPLITS_$(1)) $(PASSAGES_$(1)),$(eval $(call split_rules,$(1),$(s))))
endef

$(STATE)/tokenize.recipe: $(fingerprint) FORCE
	@maker=$$(grep '^tokens ' $<) && pipelines/update $@ printf '%s\n' 'size $(VOCABULARY)' \
	    $(if $(VOCABULARY_FILE),'$(VOCABULARY_HASH) $(VOCABULARY_OPTIONS)') "$$maker"

$(foreach d,$(DATASETS_HERE),$(eval $(call dataset_rules,$(d))))

data: $(foreach d,$(DATASETS_HERE),$(foreach s,$(SPLITS_$(d)) $(PASSAGES_$(d)),$(DATA)/$(d).$(s).digest)) ## write and tokenise the texts of PROFILE
.PHONY: data
