# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The demonstration: a recording through the node, between processes."""
