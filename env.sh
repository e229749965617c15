# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

# Enter face_affect's environment, from any directory, in bash and zsh (in other shells: from here).
#
#     . ./env.sh
#
# That is: the virtual environment, ROS 2 (of its wheels; a sourced installation stays as it is),
# the built workspace and its executables. What `make setup BUILD_ROOT=DIRECTORY` has built is
# entered with FACE_AFFECT_BUILD_ROOT=DIRECTORY.
# shellcheck shell=sh disable=SC1091,SC3028,SC3054

_face_affect_enter() {
  if [ -n "${BASH_VERSION:-}" ]; then
    _face_affect_root=$(dirname -- "${BASH_SOURCE}")
  elif [ -n "${ZSH_VERSION:-}" ]; then
    eval '_face_affect_root=${${(%):-%x}:h}'
  else
    _face_affect_root=.
  fi
  _face_affect_root=$(CDPATH='' cd -- "$_face_affect_root" && pwd)
  _face_affect_built=${FACE_AFFECT_BUILD_ROOT:-$_face_affect_root}

  if [ ! -e "$_face_affect_built/.venv/.ready" ]; then
    echo "env.sh: nothing is set up in $_face_affect_built: run \`make setup\` first" >&2
    return 1
  fi
  if [ -n "${ROS_DISTRO:-}" ] && [ -n "${AMENT_PREFIX_PATH:-}" ] && [ -z "${FACE_AFFECT_ROS_WHEELS:-}" ]
  then
    if [ -e "$_face_affect_built/.venv/.ros_wheels" ]; then
      echo "env.sh: ROS 2 $ROS_DISTRO is sourced, but was not at set-up: run \`make setup\` again" >&2
      return 1
    fi
  elif [ ! -e "$_face_affect_built/.venv/.ros_wheels" ]; then
    echo "env.sh: set up on a ROS 2 installation: source its setup file first" >&2
    return 1
  elif [ -e "$_face_affect_built/.venv/share/rclpy" ]; then
    export FACE_AFFECT_ROS_WHEELS=1
    export AMENT_PREFIX_PATH="$_face_affect_built/.venv"
    export CMAKE_PREFIX_PATH="$_face_affect_built/.venv"
    ROS_DISTRO=$(cat "$_face_affect_built/.venv/.ros_wheels")
    export ROS_DISTRO ROS_VERSION=2 ROS_PYTHON_VERSION=3
    export RMW_IMPLEMENTATION=rmw_fastrtps_cpp
  fi

  . "$_face_affect_built/.venv/bin/activate"
  if [ -e "$_face_affect_built/install/local_setup.sh" ]; then
    if [ -n "${BASH_VERSION:-}" ]; then
      . "$_face_affect_built/install/local_setup.bash"
    elif [ -n "${ZSH_VERSION:-}" ]; then
      . "$_face_affect_built/install/local_setup.zsh"
    else
      . "$_face_affect_built/install/local_setup.sh"
    fi
    export PATH="$_face_affect_built/install/face_affect/lib/face_affect:$PATH"
  fi
  # All networks of the source folder; an installation has the default ones.
  export FACE_AFFECT_MODELS="$_face_affect_root/models"

  # Room for whole images in shared memory. Fast DDS of Jazzy and older reads the second name;
  # newer ones read both, and complain of a profile that comes twice.
  if [ -z "${FASTDDS_DEFAULT_PROFILES_FILE:-}${FASTRTPS_DEFAULT_PROFILES_FILE:-}" ]; then
    case ${ROS_DISTRO:-} in
      humble | iron | jazzy)
        export FASTRTPS_DEFAULT_PROFILES_FILE="$_face_affect_root/config/fastdds_shm.xml" ;;
      *) export FASTDDS_DEFAULT_PROFILES_FILE="$_face_affect_root/config/fastdds_shm.xml" ;;
    esac
  fi
}

# The files of colcon and venv read variables that may be unset.
case $- in
  *u*) set +u; _face_affect_enter; _face_affect_status=$?; set -u ;;
  *) _face_affect_enter; _face_affect_status=$? ;;
esac
unset -f _face_affect_enter
unset _face_affect_root _face_affect_built
return $_face_affect_status
