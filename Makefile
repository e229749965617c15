# make setup   virtual environment (with ROS 2 as wheels where none is sourced), workspace built
# make test    set-up, linters, type checks, all tests
# make demo    a recording through the node, live; files in demo_output
# make clean   remove what setup has made
#
# PYTHON=python3.12          the interpreter to set up with
# INPUT=FILE                 what `make demo` plays: a bag, a video, a folder, a camera number
# TREE=1                     `make demo` shows a behaviour tree at work, not the table of faces
# BUILD_ROOT=/tmp/py312      where .venv, build, install and log go (default: here)
# REQUIREMENTS=FILE          other Python packages, such as requirements/oldest.txt

PYTHON ?= python3
BUILD_ROOT ?= .
REQUIREMENTS ?=
INPUT ?= demo/bag
TREE ?=

SHELL := /bin/bash
# Read by env.sh
export FACE_AFFECT_BUILD_ROOT := $(abspath $(BUILD_ROOT))

READY := $(FACE_AFFECT_BUILD_ROOT)/.venv/.ready
BUILT := $(FACE_AFFECT_BUILD_ROOT)/install/.built
INSTALLED := package.xml CMakeLists.txt setup.cfg \
  $(shell find face_affect face_affect_msgs launch config examples models -type f -not -path '*/__pycache__/*')

.PHONY: setup test demo clean FORCE

setup: $(BUILT)

# Touched by the script only if something had to be installed
$(READY): FORCE
	@scripts/setup.sh $(FACE_AFFECT_BUILD_ROOT) $(PYTHON) $(REQUIREMENTS)

# MAKEFLAGS would hand the variables above to the makefiles that CMake writes.
$(BUILT): $(READY) $(INSTALLED)
	@. ./env.sh && unset MAKEFLAGS MAKEOVERRIDES && \
	  PYTHONWARNINGS='ignore:setup.py install is deprecated' \
	  colcon --log-base $(FACE_AFFECT_BUILD_ROOT)/log build \
	    --build-base $(FACE_AFFECT_BUILD_ROOT)/build \
	    --install-base $(FACE_AFFECT_BUILD_ROOT)/install
	@touch $@

test: setup
	@. ./env.sh && ruff check . && mypy face_affect training demo benchmarks examples && python -m pytest -ra

# exec: signals reach the demo itself.
demo: setup
	@. ./env.sh && exec python -m demo.run $(if $(TREE),--tree) "$(INPUT)"

clean:
	rm -rf $(addprefix $(FACE_AFFECT_BUILD_ROOT)/,.venv build install log)
