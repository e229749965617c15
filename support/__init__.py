# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Helpers that demo, benchmarks, training and tests share; never installed."""
