# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Export of trained networks to TensorFlow Lite: int8, and guided back-propagation."""
