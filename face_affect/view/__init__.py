# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Live view: results as a web page. The only package that imports network modules."""
