# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Render results and evaluations as self-contained HTML pages."""
