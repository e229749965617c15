# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Trained networks as TensorFlow Lite files, in int8 and with guided back-propagation."""
