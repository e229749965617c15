# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Errors of image files, videos and cameras."""


class MediaError(Exception):
    """An image file, video or camera cannot be read or written; the message names it and why."""
