# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Analyse bags of results: timelines, comparison, evaluation, key frames."""
