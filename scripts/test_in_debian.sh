#!/usr/bin/env bash
# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

# Run the tests of core and bags in a Debian root, with the comparison of the demo bag.
#
#     scripts/test_in_debian.sh FOLDER ARCHITECTURE SUITE
#
# The root FOLDER/ARCHITECTURE-SUITE is created by debootstrap with a virtual environment in it, and
# reused. ARCHITECTURE is amd64 or arm64; another one than this machine's is emulated by qemu in
# user mode, which must be registered with binfmt_misc. SUITE, such as bookworm or sid, determines
# the version of Python.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$1
architecture=$2
suite=$3
root=$folder/$architecture-$suite

fail() {
  printf 'test in Debian: %s\n' "$@" >&2
  exit 1
}

case $architecture in
  amd64) machine=x86_64 ;;
  arm64) machine=aarch64 ;;
  *) fail "ARCHITECTURE=$architecture is unknown: choose amd64 or arm64" ;;
esac
emulated=
[ "$(uname -m)" = $machine ] || emulated=1
[ "$(id -u)" = 0 ] || fail 'debootstrap and chroot need root: run it with sudo'
command -v debootstrap > /dev/null || fail 'debootstrap is missing: sudo apt install debootstrap'
if [ -n "$emulated" ]; then
  command -v qemu-$machine-static > /dev/null \
    || fail "qemu-$machine-static is missing: sudo apt install qemu-user-static"
  handler=${BINFMT_MISC:-/proc/sys/fs/binfmt_misc}/qemu-$machine
  # Flag F: the kernel opened qemu at registration, so that it is not needed in the root.
  if ! grep -qsx enabled "$handler" || ! grep -qsx 'flags:.*F.*' "$handler"; then
    fail "the kernel cannot run $machine programs: $handler lacks 'enabled' or 'flags: F'" \
      'mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc    # where it is not mounted' \
      "/usr/lib/systemd/systemd-binfmt /usr/lib/binfmt.d/qemu-$machine.conf    # as root" \
      "or, with binfmt-support: update-binfmts --enable qemu-$machine"
  fi
fi

# Print /proc/cpuinfo of such a processor. Older versions of qemu show that of the host, with which
# LiteRT's cpuinfo for aarch64 crashes (segmentation fault).
emulated_cpuinfo() {
  for processor in $(seq 0 $(($(nproc) - 1))); do
    printf '%s\t: %s\n' processor "$processor" Features 'fp asimd evtstrm crc32 cpuid' \
      'CPU implementer' 0x41 'CPU architecture' 8 'CPU variant' 0x0 'CPU part' 0xd08 \
      'CPU revision' 3
    echo
  done
}

# Run a command in the root. All mounts are in a separate namespace and end with the command.
enter() {
  # shellcheck disable=SC2016
  unshare --mount bash -euc '
    root=$1 && shift
    for directory in proc sys dev; do mount --rbind /$directory "$root/$directory"; done
    [ ! -e "$root/cpuinfo" ] || mount --bind "$root/cpuinfo" "$root/proc/cpuinfo"
    mount --bind "$PWD" "$root/face_affect"
    mount -o remount,bind,ro "$root/face_affect"
    certificates=/etc/ssl/certs/ca-certificates.crt
    [ ! -e $certificates ] || mount --bind $certificates "$root$certificates"
    exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/venv/bin:/usr/bin:/bin \
      HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis PYTHONPATH=/face_affect QEMU_CPU=$QEMU_CPU \
      PIP_INDEX_URL="$PIP_INDEX_URL" https_proxy="${https_proxy:-}" "$@"
  ' bash "$root" "$@"
}

# The processor of a Raspberry Pi 4
export QEMU_CPU=cortex-a72
PIP_INDEX_URL=$(python3 -m pip config get global.index-url 2> /dev/null || true)
export PIP_INDEX_URL

if [ ! -e "$root/.debian" ]; then
  # The mirror of this machine if it runs Debian, else that of debootstrap
  mirror=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(SITE)' 'Created-By: Packages' \
    2> /dev/null | sed -n 's/^Debian Debian //p' | sed 1q)
  echo "test in Debian: creating $root, which takes minutes"
  rm -rf --one-file-system "$root"
  mkdir -p "$folder"
  unshare --mount debootstrap --arch="$architecture" --variant=minbase \
    --include=ca-certificates,python3-venv "$suite" "$root" ${mirror:+"$mirror"} \
    > "$root.log" || fail "debootstrap failed: see $root.log"
  mkdir "$root/face_affect"
  [ -z "$emulated" ] || emulated_cpuinfo > "$root/cpuinfo"
  touch "$root/.debian"
fi

requirements=$(cat requirements/core.txt requirements/newest.txt | sha256sum)
if [ "$(cat "$root/.ready" 2> /dev/null)" != "$requirements" ]; then
  echo 'test in Debian: installing Python packages, which takes minutes'
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  enter python3 -m venv --clear /venv
  # Packages are compiled at import: compiling all would dominate the time in emulation.
  enter pip install --disable-pip-version-check --quiet --no-compile \
    -r /face_affect/requirements/core.txt -r /face_affect/requirements/newest.txt
  echo "$requirements" > "$root/.ready"
fi

# shellcheck disable=SC2016
enter bash -euc '
  cd /face_affect
  echo "test in Debian: $(uname -m), $(python -VV)"
  python -m pytest -q -ra -n auto --dist worksteal -p no:cacheprovider -m "not slow" \
    test/core test/bags
'
