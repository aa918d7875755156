# The development commands. `make` alone lists them; README.md says what the project is.

PYTHON ?= python3
VENV   ?= .venv
# The extras of pyproject.toml that `make test` installs: as few as the tests need, so that it is fast.
EXTRAS ?= dev
# Test processes at once.
JOBS   ?= 2

BIN       := $(VENV)/bin
INSTALLED := $(VENV)/.installed-$(EXTRAS)

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help test test-browser lint typecheck format nightly peers bench demo notebooks course lite docs stubs pictures clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

# The tests in which the node matters: they run once more with the one in Python, where it is in C.
NODE := $(addprefix tests/test_,value.py sweep.py pausing.py) \
  $(addprefix autodiff/,value.py edges.py sweep.py arithmetic.py pausing.py numberlike.py)

test: lint typecheck ## Lint, type-check and run every test and doctest
	$(BIN)/python -m pytest -n $(JOBS)
	AUTODIFF_PURE=1 $(BIN)/python -m pytest -n $(JOBS) $(NODE)

# What it runs: CI takes the last three, for `make test` has run the others, with fewer random graphs.
BROWSER_TESTS ?= explorer_truth explorer_script explorer_gpt explorer_browser drawing_browser demo_browser

test-browser: $(VENV)/.installed-dev,browser ## Check the explorer's script, and drive its page in Chromium
	@cd tests/script && if ! { command -v npm && npm install --silent --no-fund --no-audit; } >/dev/null; then \
	  echo "no npm, or nothing comes from its registry: the script's types and style are not checked, nor accessibility"; \
	else npm run --silent types && npm run --silent lint; fi
	@command -v chromium >/dev/null || echo "no chromium on the PATH: the page is not driven in a browser"
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(BROWSER_TESTS:%=tests/test_%.py) -m "nightly or not nightly"

lint: $(INSTALLED) ## Check style and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

typecheck: $(INSTALLED) ## Check types
	$(BIN)/mypy
	$(BIN)/mypy autodiff/functions.py

format: $(INSTALLED) ## Mend what lint can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

nightly: $(INSTALLED) ## Run the long tests too, with many more random examples
	HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest -n $(JOBS) -m "nightly or not nightly"

peers: $(VENV)/.installed-dev,peers ## Run the tests beside JAX, and beside PyTorch where it is installed
	$(BIN)/python -m pytest -n $(JOBS) tests/test_to_jax.py tests/test_namespaces.py tests/test_nn_handover.py \
	  tests/test_nn_optim.py tests/test_nn_storage.py

bench: $(VENV)/.installed-bench,draw ## Time the engine and compiled programs against their peers
	$(BIN)/python -m benchmarks

demo: $(VENV)/.installed-train,draw,compile ## Train networks on real data, and write plots, weights and a page to out/demo
	$(BIN)/python -m nn demo --out out/demo

notebooks: $(VENV)/.installed-notebook,train,draw,compile ## Open the notebooks in JupyterLab
	$(BIN)/jupyter-trust notebooks/*.ipynb
	$(BIN)/jupyter-lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks

course: $(VENV)/.installed-dev,course ## Write the course for a class to build/course, and let otter grade it
	rm -rf build/course
	$(BIN)/python notebooks/course.py
	$(BIN)/python -m pytest -n $(JOBS) tests/test_course.py

lite: $(VENV)/.installed-dev,lite,browser ## Write the lessons that run in the browser to build/lite, and run them in Chromium
	$(BIN)/python notebooks/lite.py
	$(BIN)/python -m pytest tests/test_lite.py

docs: $(VENV)/.installed-dev,docs,browser ## Write the documentation site to build/site, and check it
	rm -rf build/site
	$(BIN)/python -m sphinx --quiet --nitpicky --fail-on-warning --keep-going -j $(JOBS) -c docs . build/site
	@command -v npm >/dev/null || { echo "no npm: the pages are not checked for accessibility"; exit 0; }; \
	  cd tests/script && npm install --silent --no-fund --no-audit
	$(BIN)/python -m pytest -n $(JOBS) tests/test_site.py

stubs: $(INSTALLED) ## Write autodiff/functions.pyi anew, for editors
	$(BIN)/python docs/stubs.py

pictures: $(INSTALLED) ## Draw the pictures of the documentation anew, and run the notebooks
	$(BIN)/python docs/pictures.py
	$(BIN)/python notebooks/run.py

clean: ## Remove the environment, the caches and the built files
	rm -rf autodiff/_node.*so autodiff/_node.*pyd $(VENV) build dist out/demo *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "error: '$(PYTHON)' is not Python 3.10 or newer; name one that is: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "error: '$(PYTHON)' cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; \
	  exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.installed-%: pyproject.toml setup.py autodiff/_node.c $(wildcard autodiff/node/*.h) $(VENV)/.made
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@
