# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Detect and track faces, and estimate emotion and gender, on a robot's CPU.

The library, without ROS:

>>> import cv2
>>> import face_affect
>>> pipeline = face_affect.Pipeline(face_affect.Settings(confirm_frames=1))
>>> image = cv2.imread('docs/images/debug_image.jpg')
>>> result = pipeline.process(image, stamp=0.0)
>>> [(face.id, face.emotion.label, face.gender.label) for face in result.faces]
[(1, 'happy', 'female'), (2, 'neutral', 'male'), (3, 'happy', 'male')]
>>> annotated = face_affect.annotate(image, result)
>>> annotated.shape == image.shape
True
"""

from __future__ import annotations

import importlib
from typing import Any, TYPE_CHECKING

if TYPE_CHECKING:
    from face_affect.core.annotation import annotate
    from face_affect.core.faces import Box, Detection, Estimate, Face, FrameResult
    from face_affect.core.models import ModelError
    from face_affect.core.pipeline import Pipeline
    from face_affect.core.settings import ModelNames, Settings

# Read by setup.cfg. Both package.xml, CITATION.cff and CHANGELOG.md repeat it; a test compares.
__version__ = '0.2.0'

__all__ = [
    'Box',
    'Detection',
    'Estimate',
    'Face',
    'FrameResult',
    'ModelError',
    'ModelNames',
    'Pipeline',
    'Settings',
    'annotate',
]

_MODULES = {
    'annotate': 'annotation',
    'ModelError': 'models',
    'ModelNames': 'settings',
    'Pipeline': 'pipeline',
    'Settings': 'settings',
}


# Lazy (PEP 562): behaviours and the bridge import face_affect without OpenCV and LiteRT.
def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(
        importlib.import_module(f'face_affect.core.{_MODULES.get(name, "faces")}'), name
    )


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
