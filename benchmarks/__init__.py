# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Measurements of speed, memory and endurance; never part of an installation."""
