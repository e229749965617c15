# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Process recordings offline: read bags, write results, analyse them, report on them."""
