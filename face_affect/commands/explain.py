# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect explain: what in a picture made the networks answer as they did."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from face_affect.commands.pipeline_options import add_pipeline_options, models_of, settings_of
from face_affect.core.annotation import comparison_sheet
from face_affect.core.model_comparison import ModelComparison
from face_affect.core.pipeline import Pipeline
from face_affect.core.rotation import Rotation
from face_affect.media import MediaError, open_media
from face_affect.media.writer import write_picture
from face_affect.outputs import file_ids


def add_explain(commands: Any) -> None:
    """Add the subcommand."""
    parser: argparse.ArgumentParser = commands.add_parser(
        'explain',
        help='show what in a picture made the networks answer as they did',
        description='Writes a sheet: for each face and each network what it saw, its '
        'probabilities, and guided back-propagation for each class.',
    )
    parser.add_argument('input', metavar='PICTURE', help='a picture')
    parser.add_argument(
        '-o',
        '--output',
        type=Path,
        metavar='SHEET',
        help='where the sheet goes (default: PICTURE_explained.png here)',
    )
    add_pipeline_options(
        parser, ('detection_threshold', 'rotate', 'detector_model', 'detection_width')
    )
    parser.set_defaults(call=explain)


def explain(arguments: argparse.Namespace) -> int:
    """Run ``face-affect explain``; return the exit code."""
    media = open_media(arguments.input)
    if media.moving or len(media) != 1:
        raise MediaError(f'{arguments.input} is not one picture')
    (picture,) = media
    image = picture.decode()
    settings = settings_of(arguments)
    image = Rotation.of(settings.rotate, image).image(image)
    pipeline = Pipeline(replace(settings, confirm_frames=1, rotate=0), models_of(arguments))
    faces = pipeline.process(image, 0.0).faces
    if not faces:
        raise MediaError(f'no face in {arguments.input}; a lower --threshold finds more')
    comparison = ModelComparison(pipeline.sidecars[0].calibrated_as)
    sheet = comparison_sheet([comparison(image, face.detection.box) for face in faces])
    output = arguments.output or Path(f'{Path(arguments.input).stem}_explained.png')
    write_picture(output, sheet, file_ids([Path(arguments.input)]))
    print(output)
    return 0
