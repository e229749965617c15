#!/usr/bin/env bash
# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

# Run all linters and type checks in the environment of `. ./env.sh`; changes no files.
set -euo pipefail
cd "$(dirname "$0")/.."

ruff check .
ruff format --check .
mypy face_affect training demo benchmarks examples support
# All but tests and training
bandit -qr -c pyproject.toml face_affect launch demo benchmarks scripts support
# actionlint and hadolint have wheels for x86_64 only.
if [ "$(uname -m)" = x86_64 ]; then
  actionlint
  hadolint Dockerfile .devcontainer/Dockerfile
fi

git ls-files -z | xargs -0 codespell
phrases=scripts/avoided_phrases.txt
found=0
git --no-pager grep -nP -f $phrases -- ':!CHANGELOG.md' ':!LICENSE' ":!$phrases" || found=$?
case $found in
  0) echo "lint: avoided phrases above; replace them by technical terms ($phrases)" >&2; exit 1 ;;
  1) ;;
  *) exit $found ;;
esac
