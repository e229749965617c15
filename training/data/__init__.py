# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Data sets, their splits, and the augmented views that networks are trained on."""
