# One command to hear it, one to check it. Each does its own set-up on a fresh machine.
#
#   make demo       translate a real recording with the shipped model; look in demo/
#   make plugin     build the plugin and install it for your DAW, with the bridge that it starts
#   make test       style, types and tests
#   make test-long  the tests that take minutes each
#   make format     put the sources in the project's style
#   make map        print the rooms of the sources and the arrows between them

export PYTHON ?= python3
VENV   ?= .venv
# What pip is asked for. On a machine with an NVIDIA GPU, or to save a download: make TORCH=... test
TORCH  ?= torch==2.13.0
# Where Linux keeps a user's own plugins.
VST3   ?= $(HOME)/.vst3
LV2    ?= $(HOME)/.lv2
JOBS   ?= 2

bin    := $(VENV)/bin
pip    := $(bin)/python -m pip --quiet --quiet --disable-pip-version-check
plugins := build/plugin/plugin_host/umtn_plugin_artefacts/Release
packages := umtn_core export bridge benchmarks examples tests tools

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo plugin test-plugin test-plugin-long test test-long lint format map clean

help:
	@sed -n 's/^#   \{0,1\}//p' Makefile

# The run time and matplotlib for the picture: no PyTorch.
demo: $(VENV)/.installed-run-time
	@tools/system-packages.sh demo
	@$(bin)/python examples/demo.py

# Standalone programs are for `cmake --build build/plugin`: they take as long as the rest together.
plugin: build/plugin/build.ninja $(VENV)/.installed-run-time
	@echo "building the plugin (a few minutes)"
	cmake --build build/plugin --parallel $(JOBS) --target umtn_plugin_VST3 umtn_plugin_LV2
	@mkdir -p "$(VST3)" "$(LV2)"
	@cp -RT $(plugins)/VST3/umtn.vst3 "$(VST3)/umtn.vst3"
	@cp -RT $(plugins)/LV2/umtn.lv2 "$(LV2)/umtn.lv2"
	@# So that Start bridge finds it, whatever PATH the DAW has.
	@$(bin)/python -c 'from bridge.discovery.command_file import leave_command; leave_command()'
	@echo "installed $(VST3)/umtn.vst3 and $(LV2)/umtn.lv2: have your DAW scan its plugins"

# On Debian and its kin JUCE comes from their packages, elsewhere CMake looks for it or fetches it.
build/plugin/build.ninja: CMakeLists.txt $(wildcard plugin_host/CMakeLists.txt plugin_host/*/*.cmake)
	@tools/system-packages.sh plugin
	@juce=$$(tools/debian-juce.sh build/juce) || juce=; \
	  cmake -S . -B build/plugin -G Ninja -DCMAKE_BUILD_TYPE=Release -DUMTN_PLUGIN=ON \
	    -DUMTN_PLUGIN_TESTS=ON $${JUCE_DIR:+-DJUCE_DIR=$$JUCE_DIR} $${juce:+-DJUCE_DIR=$$juce}

test: $(VENV)/.installed-everything lint test-plugin
	@tools/system-packages.sh test
	$(bin)/pytest

# What pytest's tests of the plugin in its hosts need, and the tests of its own code.
test-plugin: build/plugin/build.ninja
	@tools/system-packages.sh hosts
	cmake --build build/plugin --parallel $(JOBS) --target umtn_plugin_VST3 umtn_plugin_LV2 \
	  umtn_plugin_core_tests umtn_plugin_audio_thread_test umtn_plugin_editor_tests
	build/plugin/plugin_host/tests/umtn_plugin_core_tests
	build/plugin/plugin_host/tests/umtn_plugin_audio_thread_test
	@if command -v xvfb-run >/dev/null; then \
	  xvfb-run --auto-servernum build/plugin/plugin_host/tests/umtn_plugin_editor_tests; \
	else echo "left out: the tests of the plugin's window, which need xvfb-run" >&2; fi

# The same under sanitizers, of which each wants a build of its own.
test-plugin-long: test-plugin
	build/plugin/plugin_host/tests/umtn_plugin_core_tests --test-suite=long --no-skip
	for sanitizer in address,undefined thread; do \
	  juce=$$(sed -n 's/^JUCE_DIR:.*=//p' build/plugin/CMakeCache.txt) && \
	  cmake -S . -B build/plugin-$$sanitizer -G Ninja -DUMTN_PLUGIN=ON -DUMTN_PLUGIN_TESTS=ON \
	    -DJUCE_DIR="$$juce" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O1 -g1 -DNDEBUG" \
	    -DCMAKE_CXX_FLAGS="-fsanitize=$$sanitizer -fno-sanitize-recover=all" && \
	  cmake --build build/plugin-$$sanitizer --parallel $(JOBS) --target umtn_plugin_core_tests && \
	  build/plugin-$$sanitizer/plugin_host/tests/umtn_plugin_core_tests || exit 1; \
	done

test-long: $(VENV)/.installed-yardsticks test-plugin-long
	@tools/system-packages.sh test
	@tools/system-packages.sh test-long
	$(bin)/pytest -m long

lint: $(VENV)/.installed-everything
	$(bin)/ruff check $(packages)
	$(bin)/ruff format --check $(packages)
	git ls-files '*.h' '*.hpp' '*.cpp' '*.cu' '*.cuh' | xargs -r $(bin)/clang-format --dry-run --Werror
	$(bin)/mypy
	$(bin)/vulture

# Which rooms there are is in docs/architecture.md; it fails where an arrow goes back up.
map:
	@$(PYTHON) tools/map.py

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

# Libraries that long tests compare with: 200 MB that `make test` does without.
$(VENV)/.installed-yardsticks: $(VENV)/.installed-everything
	@$(pip) install --editable '.[yardsticks]'
	@touch $@

$(VENV)/.installed-everything: pyproject.toml CMakeLists.txt | $(bin)/python
	@echo "installing the run time, $(TORCH) and the test tools (a few minutes)"
	@$(pip) install '$(TORCH)' --editable '.[demo,dev,test,train]'
	@# A network that some tests listen with. It is used without its package's requirements,
	@# which exclude newer Pythons and bring TensorFlow; without it those tests are skipped.
	@$(pip) install --no-deps basic-pitch || true
	@touch $@ $(VENV)/.installed-run-time
