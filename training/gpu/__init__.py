# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Ten minutes of one GPU: teachers, then pupils that share the teachers' views."""
