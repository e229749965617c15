# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""What goes wrong with pictures, videos and cameras."""


class MediaError(Exception):
    """A picture, video or camera cannot be read or written; the message says which and why."""
