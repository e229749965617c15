# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Arguments for the pipeline's settings and models, alike in every command that has them."""

from __future__ import annotations

import argparse
from dataclasses import fields

from face_affect.core.pipeline import ModelNames, Settings

# Option, setting, help; the defaults and types are those of Settings.
_NUMBERS = (
    ('--threshold', 'detection_threshold', 'least detection score of a new face, 0 to 1'),
    ('--min-face-size', 'min_face_size', 'least face size in pixels'),
    ('--confirm-frames', 'confirm_frames', 'images in which a face must be found to count'),
    ('--forget-time', 'forget_time', 'seconds unseen after which a face is gone'),
    ('--match-iou', 'match_iou', 'least overlap of a face with where it is expected, 0 to 1'),
    ('--smoothing-time', 'smoothing_time', 'time constant of smoothing in seconds; 0: none'),
    ('--emotion-min-confidence', 'emotion_min_confidence', 'emotion is unknown below this'),
    ('--gender-min-confidence', 'gender_min_confidence', 'gender is unknown below this'),
)


def add_pipeline_options(parser: argparse.ArgumentParser) -> None:
    """Add an option for each setting and each model."""
    defaults, models = Settings(), ModelNames()
    group = parser.add_argument_group('settings and models, as parameters of the node')
    group.add_argument(
        '--no-emotion', dest='enable_emotion', action='store_false', help='do not estimate emotion'
    )
    group.add_argument(
        '--no-gender', dest='enable_gender', action='store_false', help='do not estimate gender'
    )
    group.add_argument(
        '--detect-far',
        action='store_true',
        help='look for small, far faces too, in full resolution',
    )
    for option, name, text in _NUMBERS:
        default = getattr(defaults, name)
        group.add_argument(
            option,
            dest=name,
            type=type(default),
            default=default,
            metavar='NUMBER',
            help=f'{text} (default: %(default)s)',
        )
    for task in ('detector', 'emotion', 'gender'):
        group.add_argument(
            f'--{task}-model',
            default=getattr(models, task),
            metavar='NAME',
            help='a model of "face-affect models", or the absolute path of a '
            'sidecar (default: %(default)s)',
        )


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings asked for.

    Raises:
        ValueError: one is out of range.

    """
    return Settings(**{item.name: getattr(arguments, item.name) for item in fields(Settings)})


def models_of(arguments: argparse.Namespace) -> ModelNames:
    """Return the models asked for."""
    return ModelNames(arguments.detector_model, arguments.emotion_model, arguments.gender_model)
