# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Find and follow faces, and read emotion and gender, on a robot's CPU."""
