# One command to hear it, one to check it. Each does its own set-up on a fresh machine.
#
#   make demo       translate a real recording with the shipped model; look in demo/
#   make test       style, types and tests
#   make test-long  the tests that take minutes each
#   make format     put the sources in the project's style

export PYTHON ?= python3
VENV   ?= .venv
# What pip is asked for. On a machine with an NVIDIA GPU, or to save a download: make TORCH=... test
TORCH  ?= torch==2.13.0

bin    := $(VENV)/bin
pip    := $(bin)/python -m pip --quiet --quiet --disable-pip-version-check
packages := umtn_core export bridge examples tests

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-long lint format clean

help:
	@sed -n 's/^#   \{0,1\}//p' Makefile

# The run time and matplotlib for the picture: no PyTorch.
demo: $(VENV)/.installed-run-time
	@tools/system-packages.sh demo
	@$(bin)/python examples/demo.py

test: $(VENV)/.installed-everything lint
	@tools/system-packages.sh test
	$(bin)/pytest

test-long: $(VENV)/.installed-everything
	@tools/system-packages.sh test
	$(bin)/pytest -m long

lint: $(VENV)/.installed-everything
	$(bin)/ruff check $(packages)
	$(bin)/ruff format --check $(packages)
	git ls-files '*.h' '*.hpp' '*.cpp' '*.cu' '*.cuh' | xargs -r $(bin)/clang-format --dry-run --Werror
	$(bin)/mypy

format: $(VENV)/.installed-everything
	$(bin)/ruff check --fix $(packages)
	$(bin)/ruff format $(packages)
	git ls-files '*.h' '*.hpp' '*.cpp' '*.cu' '*.cuh' | xargs -r $(bin)/clang-format -i

clean:
	rm -rf $(VENV) build demo .mypy_cache .pytest_cache .ruff_cache

$(bin)/python:
	@tools/system-packages.sh python
	@echo "making the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(pip) install --upgrade pip

$(VENV)/.installed-run-time: pyproject.toml CMakeLists.txt | $(bin)/python
	@echo "installing the run time (a minute or so)"
	@$(pip) install --editable '.[demo]'
	@touch $@

$(VENV)/.installed-everything: pyproject.toml CMakeLists.txt | $(bin)/python
	@echo "installing the run time, $(TORCH) and the test tools (a few minutes)"
	@$(pip) install '$(TORCH)' --editable '.[demo,dev,test,train]'
	@# A network that some tests listen with. It is used without its package's requirements,
	@# which exclude newer Pythons and bring TensorFlow; without it those tests are skipped.
	@$(pip) install --no-deps basic-pitch || true
	@touch $@ $(VENV)/.installed-run-time
