# Everything a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3
PROJECT ?= demo-project
BIN := .venv/bin
export HF_HUB_OFFLINE := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1

.PHONY: reference demo test suite check static install serve overhead isso postgresql browser check-real masking bench-topics bench-tags markup faults clean

demo: install ## mine the sample community, print where the digest is, and an alert of some weeks before
	$(BIN)/feedbackminer run data/sample/posts.jsonl --product Inkwren --project demo-project --out demo-digest
	@# Release 4.2.1 of the sample mended the sync; what became of it stands on the page "What we did".
	test -d demo-project/tables/decisions || $(BIN)/feedbackminer insight ship problem/t011 --date 2026-04-09 \
		--note "4.2.1 keeps both copies" --by Inkwren --project demo-project
	$(BIN)/feedbackminer mine --quiet --product Inkwren --project demo-project
	$(BIN)/feedbackminer digest --quiet --product Inkwren --project demo-project --out demo-digest
	$(BIN)/feedbackminer insight list --project demo-project
	$(BIN)/feedbackminer verify demo-digest --project demo-project
	$(BIN)/feedbackminer alerts check --project demo-project --at 2026-05-04
	$(BIN)/feedbackminer alerts list --project demo-project
	$(BIN)/feedbackminer ask "What do they think of the new price?" --limit 3 --project demo-project

# Workers take files in turn, with one thread each; one more than processors, since tests of servers wait.
# What bounds its own time runs alone, after them.
ONE_THREAD := env OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 POLARS_MAX_THREADS=1
PARALLEL := -n 3 --dist loadfile --no-loadscope-reorder
TIMED = $(shell grep -rl --include='*.py' 'mark\.timing' tests)

test: install ## the whole suite; ruff, import-linter and mypy beside it, in what time it leaves
	$(MAKE) --jobs=2 static suite

suite:
	$(ONE_THREAD) $(BIN)/pytest $(PARALLEL) -m "not full and not timing"
	$(BIN)/pytest -m timing $(TIMED)

check: static ## what is quick of it, every few minutes; without servers of flows and of platforms
	$(ONE_THREAD) $(BIN)/pytest -q $(PARALLEL) --ignore=tests/pipelines --ignore=tests/collect/sources \
		-m "not slow and not real and not full and not timing"

static: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

install: .venv/.installed

# torch first, and by itself: a later request for "torch" would bring gigabytes of CUDA.
.venv/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet "$$(grep '^torch==' constraints.txt)"
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

serve: install ## Prefect on this machine for PROJECT: server, worker and deployments; Ctrl-C stops
	$(BIN)/python -m pipelines.serve $(PROJECT) $(DIGEST)

overhead: install ## what Prefect costs a nightly run, against the server of PREFECT_API_URL
	$(BIN)/python -m pipelines.measure_overhead data/sample/posts.jsonl

isso: install ## a real comment server, for its test; needs a C compiler
	$(BIN)/python -m pip install --quiet -c constraints.txt "isso>=0.14,<0.15"

postgresql: ## Debian's PostgreSQL, for the test of a server that keeps its runs there (needs root)
	test -d /usr/lib/postgresql || (apt-get update -q && apt-get install -y -q postgresql)

browser: ## Debian's chromium, for the tests that open the digest in a browser (needs root)
	test -x /usr/bin/chromium || (apt-get update -q && apt-get install -y -q chromium)

check-real: install ## the whole real corpora beside the project: half an hour each
	$(BIN)/pytest -m full -s

masking: install ## precision and recall of the masking of personal data
	$(BIN)/python -m feedbackminer.research.benchmarks.masking tests/privacy/masking_cases.jsonl

bench-topics: install ## topics against gold labels and BERTopic's quick start: a quarter of an hour
	$(BIN)/feedbackminer bench topics --data ../shared/data

bench-tags: install ## tags against gold labels, VADER and rules: half an hour, most of it encoding
	$(BIN)/feedbackminer bench tags --data ../shared/data

markup: install ## words of 10,000 random pages of HTML against another reader of HTML: a minute
	MARKUP_PAGES=10000 $(BIN)/pytest tests/collect/test_markup.py -q -k no_word

faults: install ## every source against a server that fails: 20 random seeds, an hour
	FAULT_SEEDS=20 $(BIN)/pytest tests/collect/sources/test_contract.py -q

reference: install ## write what docs/reference.md says of commands, settings, tables and sources
	$(BIN)/python docs/generate.py

clean:
	rm -rf .venv demo-digest demo-project build dist .pytest_cache .mypy_cache .ruff_cache
