# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect explain: saliency of all classifiers for the faces in an image."""

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
        help='show the saliency of all classifiers for the faces in an image',
        description='Writes an image with, for each face and network, the input crop and the '
        'probability and guided back-propagation of each label.',
    )
    parser.add_argument('input', metavar='PICTURE', help='an image file')
    parser.add_argument(
        '-o',
        '--output',
        type=Path,
        metavar='SHEET',
        help='the image to write (default: PICTURE_explained.png in this folder)',
    )
    add_pipeline_options(
        parser, ('detection_threshold', 'rotate', 'detector_model', 'detection_width')
    )
    parser.set_defaults(call=explain)


def explain(arguments: argparse.Namespace) -> int:
    """Run ``face-affect explain``; return the exit code.

    Raises:
        MediaError: the input is not a single image, has no face, or an image cannot be written.
        ModelError: a model is not usable.
        ValueError: an option is out of range.

    """
    media = open_media(arguments.input)
    if media.moving or len(media) != 1:
        raise MediaError(f'{arguments.input} is not a single image; expected an image file')
    (picture,) = media
    image = picture.decode()
    settings = settings_of(arguments)
    image = Rotation.of(settings.rotate, image).image(image)
    pipeline = Pipeline(replace(settings, confirm_frames=1, rotate=0), models_of(arguments))
    faces = pipeline.process(image, 0.0).faces
    if not faces:
        raise MediaError(
            f'no face in {arguments.input} with a score of at least '
            f'{settings.detection_threshold:g}; lower --threshold'
        )
    comparison = ModelComparison(pipeline.sidecars[0].calibrated_as)
    sheet = comparison_sheet([comparison(image, face.detection) for face in faces])
    output = arguments.output or Path(f'{Path(arguments.input).stem}_explained.png')
    write_picture(output, sheet, file_ids([Path(arguments.input)]))
    print(output)
    return 0
