# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Benchmarks of speed, accuracy, memory and endurance; not installed on robots."""
