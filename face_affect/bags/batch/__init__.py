# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Process recordings through the pipeline, one or many."""
