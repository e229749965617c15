# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Subcommands of face-affect: arguments and printed output."""
