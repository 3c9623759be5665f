# Everything a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
export HF_HUB_OFFLINE := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1

.PHONY: demo test check install browser check-real masking clean

demo: install ## mine the sample community and print where the digest is
	$(BIN)/feedbackminer run data/sample/posts.jsonl --product Inkwren --project demo-project --out demo-digest

test: install ## the whole suite, import-linter, ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not full"

install: .venv/.installed

# torch first, and by itself: a later request for "torch" would bring gigabytes of CUDA. Last, the
# clustering is compiled (four minutes), which the first run would otherwise wait for.
COMPILE := import numpy, bertopic, evoc; evoc.EVoC().fit_predict(numpy.random.rand(300, 384).astype("f4"))
.venv/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet "$$(grep '^torch==' constraints.txt)"
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	$(BIN)/python -W ignore -c '$(COMPILE)'
	touch $@

browser: ## Debian's chromium, for the tests that open the digest in a browser (needs root)
	test -x /usr/bin/chromium || (apt-get update -q && apt-get install -y -q chromium)

check-real: install ## the whole real corpora beside the project: half an hour each
	$(BIN)/pytest -m full -s

masking: install ## precision and recall of the masking of personal data
	$(BIN)/python -m feedbackminer.research.masking tests/collect/masking_cases.jsonl

clean:
	rm -rf .venv demo-digest demo-project build dist .pytest_cache .mypy_cache .ruff_cache
