# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""How well faces keep their ids: python -m benchmarks.tracking."""
