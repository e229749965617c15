# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Helpers that the demo, the benchmarks and the tests share; never installed."""
