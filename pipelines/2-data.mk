# Texts, vocabularies and tokens of each dataset of the profile.
#
# A .recipe file says how a text is made; it changes only if that changes, and the text depends on it
# alone. A .digest file holds the content digest of the tokens: what a run depends on.

$(BUILD)/state/fingerprint: $(addprefix $(bin)/,dlt-corpus dlt-tokenize dlt-train dlt-qagent dlt-cat)
	@mkdir -p $(@D)
	pipelines/fingerprint $(bin) > $@

corpus_seed_train := 1
corpus_seed_valid := 2
corpus_seed_test := 3
corpus_bytes = $(or $(BYTES_$(2)_$(1)),$(BYTES_$(2)),$(error profile '$(PROFILE)' does not set BYTES_$(2)_$(1)))

text_command_corpus = $(bin)/dlt-corpus --style $(STYLE_$(2)_$(1)) --language $(LANGUAGE_$(1)) \
    --split $(2) --seed $(corpus_seed_$(2)) --bytes $(call corpus_bytes,$(1),$(2))
text_command_data = pipelines/prepare $(PREPARE_$(1)) $(2) \
    '$(DLT_DATA)/$(firstword $(subst /, ,$(FILES_$(1))))'

define split_rules
$$(STATE)/$(1).$(2).recipe: $$(BUILD)/state/fingerprint FORCE
	@{ echo "$$(call text_command_$$(SOURCE),$(1),$(2))" | sed 's/.*bin.//'; sed -n 1p $$<; \
	  printf '$$(SUMS_$(1))'; } | pipelines/update $$@
$$(DATA)/$(1).$(2).txt: $$(STATE)/$(1).$(2).recipe | $$(bin)/dlt-corpus
	@mkdir -p $$(@D)
	$$(if $$(SUMS_$(1)),@cd '$$(DLT_DATA)' && printf '$$(SUMS_$(1))' | sha256sum -c --quiet -)
	$$(call text_command_$$(SOURCE),$(1),$(2)) > $$@
$$(DATA)/$(1).$(2).tokens.msgpack.zst: $$(DATA)/$(1).$(2).txt $$(DATA)/$(1).vocab.bpe \
    $$(STATE)/tokenize.recipe | $$(bin)/dlt-tokenize
	$$(bin)/dlt-tokenize encode --quiet --vocab $$(DATA)/$(1).vocab.bpe -o $$@ $$<
$$(DATA)/$(1).$(2).digest: $$(DATA)/$(1).$(2).tokens.msgpack.zst | $$(bin)/dlt-cat
	@$$(bin)/dlt-cat $$< | tail -n 1 | sed 's/.*"content_xxh64":"\([0-9a-f]*\)".*/\1/' > $$@
endef

define dataset_rules
$$(DATA)/$(1).vocab.bpe: $$(DATA)/$(1).train.txt $$(STATE)/tokenize.recipe | $$(bin)/dlt-tokenize
	$$(bin)/dlt-tokenize train --quiet --size $$(VOCABULARY) -o $$@ $$<
$(foreach s,$(SPLITS_$(1)),$(eval $(call split_rules,$(1),$(s))))
endef

$(STATE)/tokenize.recipe: $(BUILD)/state/fingerprint FORCE
	@{ echo "size $(VOCABULARY)"; sed -n 2p $<; } | pipelines/update $@

$(foreach d,$(DATASETS_HERE),$(eval $(call dataset_rules,$(d))))

data: $(foreach d,$(DATASETS_HERE),$(foreach s,$(SPLITS_$(d)),$(DATA)/$(d).$(s).digest)) ## write and tokenise the texts of PROFILE
.PHONY: data
