# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Picture sets, their parts, and the random views that networks are trained on."""
