# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Two people who come nearer, filmed at a robot's height; their faces are 13 to 25 pixels wide."""

from __future__ import annotations

from pathlib import Path

from face_affect.core.pipeline import Pipeline
from face_affect.core.settings import ModelNames
from face_affect.core.stamps import SECOND
from face_affect.media import open_media


def test_both_are_seen_from_the_first_second_on(shared_media: Path) -> None:
    pipeline = Pipeline(models=ModelNames(detector='face_detector'))
    results = [
        pipeline.process(picture.decode(), picture.stamp / SECOND)
        for picture in open_media(str(shared_media / 'two_people_walking.gif'))
    ]
    assert len(results) > 20
    ids = {face.id for result in results for face in result.faces}
    assert len(ids) == 2
    assert all(len(result.faces) == 2 for result in results if result.stamp >= 1.0)
