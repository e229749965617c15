# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Measurements of speed, accuracy, memory and endurance; never installed on a robot."""
