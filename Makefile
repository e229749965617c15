# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

# make setup      virtual environment (with ROS 2 as wheels where none is sourced), workspace built
# make format     apply ruff's fixes and its formatter
# make lint       linters, type checks, spelling; of the files of CI and Docker, too
# make test-core  all tests that need no ROS, slow ones excepted; installs neither ROS nor compiler
# make test-fast  all tests but slow ones and those of the training
# make test       set-up, linters, type checks, all tests
# make test-aarch64   tests of core and bags, and the golden bag, in emulation (qemu, root; minutes)
# make test-debian    the same with SUITE=sid on ARCHITECTURE=amd64, for another Python
# make coverage   all tests but those of the training, with branch coverage of core and ros
# make audit      asks for known vulnerabilities of everything that is installed
# make docs       the guides and the API as HTML, in BUILD_ROOT/build/docs
# make demo       a recording through the node, live; files in demo_output
# make golden     regenerate the result of the demo bag that tests compare with
# make soak       FRAMES=200000 frames at full speed; report in soak_output
# make bench      times of all stages, of peers, and over ROS; report in bench_output
# make bench-check   warns where the pipeline has become slower, relative to a peer
# make clean      remove what setup has made
#
# PYTHON=python3.12          the interpreter to set up with
# INPUT=FILE                 what `make demo` plays: a bag, a video, a folder, a camera number
# SUITE=bookworm, ARCHITECTURE=arm64   the Debian root of `make test-debian`
# TREE=1                     `make demo` shows a behaviour tree at work, not the table of faces
# ROS_WHEELS=jazzy           where no ROS is sourced, Jazzy's wheels (Python 3.12), not Kilted's
# BUILD_ROOT=/tmp/py312      where .venv, build, install and log go (default: here; Jazzy's: .jazzy)
# REQUIREMENTS=FILE          other Python packages, such as requirements/oldest.txt

ROS_WHEELS ?= kilted
PYTHON ?= $(if $(filter jazzy,$(ROS_WHEELS)),python3.12,python3)
BUILD_ROOT ?= $(if $(filter jazzy,$(ROS_WHEELS)),.jazzy,.)
REQUIREMENTS ?=
INPUT ?= demo/bag
TREE ?=
FRAMES ?= 200000
SUITE ?= sid
ARCHITECTURE ?= amd64

SHELL := /bin/bash
# Read by env.sh
export FACE_AFFECT_BUILD_ROOT := $(abspath $(BUILD_ROOT))

READY := $(FACE_AFFECT_BUILD_ROOT)/.venv/.ready
BUILT := $(FACE_AFFECT_BUILD_ROOT)/install/.built
INSTALLED := package.xml CMakeLists.txt setup.cfg \
  $(shell find face_affect face_affect_msgs launch config examples models -type f -not -path '*/__pycache__/*')
# Of `lint` and `test-core`, where nothing is set up yet: no ROS
WITHOUT_ROS := $(if $(wildcard $(dir $(READY))share/rclpy),$(ROS_WHEELS),none)

.PHONY: setup lint format test-core test-fast test test-aarch64 test-debian coverage audit docs demo golden soak bench bench-check clean FORCE

setup: $(BUILT)

# Touched by the script only if something had to be installed
$(READY): FORCE
	@scripts/setup.sh $(FACE_AFFECT_BUILD_ROOT) $(PYTHON) $(ROS_WHEELS) $(REQUIREMENTS)

# MAKEFLAGS would hand the variables above to the makefiles that CMake writes.
$(BUILT): $(READY) $(INSTALLED)
	@. ./env.sh && unset MAKEFLAGS MAKEOVERRIDES && \
	  PYTHONWARNINGS='ignore:setup.py install is deprecated' \
	  colcon --log-base $(FACE_AFFECT_BUILD_ROOT)/log build \
	    --build-base $(FACE_AFFECT_BUILD_ROOT)/build \
	    --install-base $(FACE_AFFECT_BUILD_ROOT)/install
	@touch $@

lint test-core: ROS_WHEELS := $(WITHOUT_ROS)
lint: $(READY)
	@. ./env.sh && scripts/lint.sh

test-core: $(READY)
	@. ./env.sh && python -m pytest -q -n auto --dist worksteal \
	  -m 'not ros and not slow and not training'

test-fast: setup
	@. ./env.sh && python -m pytest -q -m 'not slow and not training'

test: setup
	@. ./env.sh && scripts/lint.sh && python -m pytest -ra

test-aarch64: ARCHITECTURE = arm64
test-aarch64: SUITE = bookworm
test-aarch64 test-debian:
	@scripts/test_in_debian.sh $(FACE_AFFECT_BUILD_ROOT)/.debian $(ARCHITECTURE) $(SUITE)

format: $(READY)
	@. ./env.sh && ruff check --fix --quiet . && ruff format .

# Absolute, so that processes started elsewhere leave their part there, too
coverage: export COVERAGE_FILE := $(FACE_AFFECT_BUILD_ROOT)/build/coverage/data
coverage: setup
	@. ./env.sh && rm -rf $(dir $(COVERAGE_FILE)) && mkdir -p $(dir $(COVERAGE_FILE)) && \
	  coverage run -m pytest -q --ignore test/training && coverage combine -q && \
	  coverage html -q -d $(dir $(COVERAGE_FILE))html && \
	  coverage report --include '*/core/*' && coverage report --include '*/ros/*'

audit: setup
	@. ./env.sh && python scripts/audit.py requirements/*.txt

docs: setup
	@. ./env.sh && pip install --disable-pip-version-check --quiet -r requirements/docs.txt && \
	  rm -rf docs/api $(FACE_AFFECT_BUILD_ROOT)/build/docs && \
	  sphinx-build -W --keep-going -q -c docs . $(FACE_AFFECT_BUILD_ROOT)/build/docs

# exec: signals reach the demo itself.
demo: setup
	@. ./env.sh && exec python -m demo.run $(if $(TREE),--tree) "$(INPUT)"

golden: setup
	@. ./env.sh && rm -rf test/golden/demo && face-affect bag demo/bag -o test/golden/demo

soak: setup
	@. ./env.sh && exec python -m benchmarks.soak --frames $(FRAMES)

bench: setup
	@. ./env.sh && exec python -m benchmarks.run

bench-check: setup
	@. ./env.sh && exec python -m benchmarks.run --check

clean:
	rm -rf $(addprefix $(FACE_AFFECT_BUILD_ROOT)/,.venv .debian build install log)
