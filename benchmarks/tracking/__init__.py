# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Benchmark of tracking accuracy: python -m benchmarks.tracking."""
