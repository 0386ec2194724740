# What one does with this repository; `make help` lists it. Needs Python 3.11 or newer with venv and
# pip, and a C++ compiler; everything else is installed into .venv here.

PYTHON ?= python3
ifeq ($(origin CXX),default)
CXX := c++
endif

# Tests and checks are of the installed package, whatever the caller's environment holds.
unexport PYTHONPATH PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK := 1

BIN := .venv/bin
DONE := .venv/done
PIP := $(BIN)/python -m pip install --quiet

# Folders are listed too: a file that goes away changes its folder's time.
SOURCES := CMakeLists.txt pyproject.toml $(shell find src native -not -name '*.md' -not -path '*__pycache__*')

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two steps must not install into .venv at once; the slow ones use all cores by themselves.
.NOTPARALLEL:

.PHONY: help
help:  ## list these targets
	@sed -n 's/^\([a-z]*\):.*##/\1:/p' Makefile | while IFS=: read -r name what; do \
	  printf 'make %-9s%s\n' "$$name" "$$what"; done

# ---- set-up: done once, and again for what has changed ----

$(DONE)/tools: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "softmix needs Python 3.11 or newer, and '$(PYTHON)' is not one." \
	       "Say which to use: make PYTHON=python3.12 ..."; exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "This Python has no venv module; on Debian and Ubuntu: apt install python3-venv"; exit 1; } >&2
	@echo "Setting up .venv"
	@$(PYTHON) -m venv .venv
	@$(PIP) --upgrade 'pip>=25.1'  # the first that reads dependency groups
	@$(PIP) --group build
	@mkdir -p $(DONE) && touch $@

# Without isolation, so that a change compiles again only what it touches.
$(DONE)/package: $(DONE)/tools $(SOURCES)
	@command -v $(CXX) >/dev/null || { \
	  echo "No C++ compiler '$(CXX)'. Install GCC or Clang, or name one: make CXX=clang++ ..."; exit 1; } >&2
	@echo "Building softmix and installing it into .venv (the first time takes a minute or two)"
	@touch $@.begun  # its time is what counts: a file may change while this builds
	@CXX='$(CXX)' $(PIP) --no-build-isolation '.[all]'
	@mv $@.begun $@

$(DONE)/%-group: $(DONE)/tools
	@echo "Installing the tools of 'make $*'"
	@$(PIP) --group $*
	@touch $@

# ---- what users and developers ask for ----

.PHONY: demo
demo: $(DONE)/package  ## build, and cluster the Old Faithful data as a user would
	@mkdir -p demo
	$(BIN)/softmix example faithful -o demo/faithful.csv --quiet
	$(BIN)/softmix fit demo/faithful.csv -k 2 --seed 0 -o demo/faithful.softmix \
	  --memberships demo/memberships.csv --plot demo/faithful.png
	@echo
	@echo "The files are in $(CURDIR)/demo:"
	@echo "  faithful.png       the two kinds of eruption: open it"
	@echo "  memberships.csv    for each row its cluster, memberships, uncertainty and density"
	@echo "  faithful.softmix   the model, for 'softmix predict', 'embed' and 'info'"
	@echo
	@echo "Now try it on a table of yours:"
	@echo "  source .venv/bin/activate"
	@echo "  softmix fit YOUR.csv -k 3 -o model.softmix --memberships clusters.csv --plot clusters.png"
	@echo "or from Python: from softmix import GaussianMixture. Run 'make test' to test this build."

.PHONY: test
test: $(DONE)/package $(DONE)/test-group  ## run all tests
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4
	@echo
	@echo "All tests pass. Next: 'make demo' shows softmix at work; 'make check' runs the linters;"
	@echo "one file's tests: .venv/bin/pytest tests/fit/test_em.py (after a change: make test)."

.PHONY: check
check: lint types layers documentation warnings  ## linters, types, import layers, documentation, C++ warnings
	@echo "All checks pass."

.PHONY: lint
lint: $(DONE)/check-group
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror native/*.cpp native/*.hpp benchmarks/*.cpp

.PHONY: types
types: $(DONE)/package $(DONE)/check-group
	$(BIN)/mypy

.PHONY: layers
layers: $(DONE)/package $(DONE)/check-group
	$(BIN)/lint-imports --no-cache

.PHONY: documentation
documentation: $(DONE)/package $(DONE)/test-group
	$(BIN)/python -m pytest --quiet tests/docs

.PHONY: warnings
warnings: $(DONE)/tools
	@echo "Compiling with warnings as errors"
	@CXX='$(CXX)' $(BIN)/cmake -S . -B build/check -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=Release \
	  -DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python \
	  -DSOFTMIX_WARNINGS_AS_ERRORS=ON
	@$(BIN)/cmake --build build/check

.PHONY: bench
bench: $(DONE)/package $(DONE)/bench-group  ## measure beside scikit-learn (a quarter of an hour)
	@$(PIP) scikit-learn-intelex || echo "scikit-learn-intelex does not install here: oneDAL is left out."
	$(BIN)/python -m benchmarks

# ---- the kernels under AddressSanitizer and UndefinedBehaviorSanitizer ----

SANITIZE_FLAGS := -std=c++17 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
  -ffp-contract=fast -fno-math-errno -fno-trapping-math -Wall -Wextra -Wno-psabi
# The instruction sets of native/CMakeLists.txt; the test leaves out those that this machine has not.
INSTRUCTION_SETS := baseline
ifneq ($(filter x86_64 amd64,$(shell uname -m)),)
INSTRUCTION_SETS += avx2 avx512
endif
FLAGS_avx2 := -mavx2 -mfma -mpopcnt
FLAGS_avx512 := $(FLAGS_avx2) -mavx512f -mavx512vl -mavx512dq
NATIVE_TESTS := $(basename $(notdir $(wildcard native/*_test.cpp)))
SANITIZED := $(INSTRUCTION_SETS:%=build/sanitize/gaussian_kernel.%.o) \
  $(patsubst %,build/sanitize/%.o,agglomerate cluster_moments columns dispatch inverse_cholesky \
  rotate_axes short_run team tied_m_step weigh_merges)

# What make would take for an intermediate file is kept, so that the next time is quick.
.SECONDARY: $(SANITIZED)

build/sanitize/gaussian_kernel.%.o: native/gaussian_kernel.cpp native/*.hpp Makefile
	@mkdir -p build/sanitize
	$(CXX) $(SANITIZE_FLAGS) $(FLAGS_$*) -c $< -o $@

build/sanitize/%.o: native/%.cpp native/*.hpp Makefile
	@mkdir -p build/sanitize
	$(CXX) $(SANITIZE_FLAGS) -c $< -o $@

build/sanitize/%_test: native/%_test.cpp $(SANITIZED)
	$(CXX) $(SANITIZE_FLAGS) -pthread $^ -o $@

.PHONY: sanitize
sanitize: $(NATIVE_TESTS:%=build/sanitize/%)  ## test the kernels under address and undefined-behaviour sanitizers
	@for test in $^; do echo $$test && $$test || exit 1; done

.PHONY: clean
clean:  ## remove all that these targets made
	rm -rf .venv build demo dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks docs examples -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
