# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Training, quantisation and evaluation of models; not installed on robots."""
