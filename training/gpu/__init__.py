# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Training within minutes on one GPU: teachers, then students on views shared with them."""
