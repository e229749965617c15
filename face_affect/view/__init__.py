# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A page to look at: results in a browser, live. The only room with network modules."""
