# Run logs -> tables, figures, the paper and the page.

PAPER := paper/build/$(PROFILE)
TABLES := T1 T2 T3 T4 T5 T6
FIGURES := F1 F2 F3 F4 F5
report_logs := $(sort $(wildcard $(RUN_LOGS)/*.run.msgpack.zst $(RUN_LOGS)/*.metrics.msgpack.zst))
report_tables := $(TABLES:%=$(PAPER)/tables/%.tex)
report_figures := $(FIGURES:%=$(PAPER)/figures/%.pdf)

paper: ## train what is missing and write paper/build/PROFILE/paper.pdf and index.html (PROFILE=quick)
	@+$(sub_make) fetch SAID=yes || echo "dlt: going on without what cannot be fetched" >&2
	@+$(sub_make) runs || { echo "dlt: 'make -k runs PROFILE=$(PROFILE)' trains what else can be trained," \
	    "'make report PROFILE=$(PROFILE)' writes the paper from what there is" >&2; exit 2; }
	@+$(sub_make) report SAID=yes

report: $(PAPER)/paper.pdf $(PAPER)/index.html ## the same from the run logs that are there, training nothing
	@echo "made $^"
.PHONY: paper report

# What the logs are, by content: a run that was added, taken away or changed is a change. The logs
# themselves are no prerequisites, so that nothing is trained for a report.
$(PAPER)/logs: FORCE
	@$(if $(report_logs),,echo "dlt: there are no run logs in $(RUN_LOGS): 'make paper PROFILE=$(PROFILE)' makes them" >&2; exit 1;) \
	pipelines/update $@ sha256sum $(report_logs)

report_inputs := $(PAPER)/logs $(experiments_list) results/published.tsv $(bin)/dlt-report
# Make has said which datasets are missing: --quiet.
shown := --experiments $(experiments_list)
$(PAPER)/tables/%.tex: $(report_inputs)
	@mkdir -p $(@D)
	$(call run,TABLE,$(alone) $(bin)/dlt-report table $* --quiet --format tex --published results/published.tsv $(shown) -o $@ $(report_logs))
$(PAPER)/figures/%.pdf: $(report_inputs)
	@mkdir -p $(@D)
	$(call run,FIGURE,$(alone) $(bin)/dlt-report figure $* --quiet --format pdf $(shown) -o $@ $(report_logs))
$(PAPER)/macros.tex: $(report_inputs)
	$(call run,MACROS,$(alone) $(bin)/dlt-report macros --quiet $(shown) -o $@ $(report_logs))
$(PAPER)/index.html: $(report_inputs)
	$(call run,HTML,$(alone) $(bin)/dlt-report html --quiet --published results/published.tsv $(shown) -o $@ $(report_logs))

$(PAPER)/paper.pdf: paper/paper.tex pipelines/typeset $(PAPER)/macros.tex $(report_tables) $(report_figures)
	@$(alone) pipelines/typeset paper/paper.tex $(PAPER)
