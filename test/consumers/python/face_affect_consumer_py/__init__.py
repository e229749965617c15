# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A package that uses face_affect's messages and library."""
