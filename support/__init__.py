# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Helpers shared by demo, benchmarks, training and tests; not installed."""
