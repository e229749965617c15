# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Demonstration: a recording played to the node in separate processes."""
