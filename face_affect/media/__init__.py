# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Input and output of image files, folders, videos, cameras and network streams."""

from face_affect.media.errors import MediaError
from face_affect.media.live import LiveCamera
from face_affect.media.opening import Media, open_media
from face_affect.media.stills import Stills
from face_affect.media.video import Video

__all__ = ['LiveCamera', 'Media', 'MediaError', 'Stills', 'Video', 'open_media']
