# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Data to trained, quantised and evaluated models; never installed on a robot."""
