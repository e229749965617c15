# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Read a camera calibration from a YAML file of camera_calibration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sensor_msgs.msg import CameraInfo
import yaml

from face_affect.core.regular_files import read_regular_file


class CalibrationFileError(ValueError):
    """A calibration file is missing or invalid; the message names it and the reason."""


def _numbers(values: Any, count: int) -> list[float]:
    numbers = [float(value) for value in values['data']]
    if count and len(numbers) != count:
        raise ValueError(f'a matrix has {len(numbers)} numbers, expected {count}')
    return numbers


def read_calibration(path: str) -> CameraInfo:
    """Return the calibration in a YAML file of camera_calibration, with an empty header.

    ``path``: may begin with file://, as in a camera_info_url.

    Raises:
        CalibrationFileError: the file is missing, or is not in the format of camera_calibration.

    """
    file = Path(path.removeprefix('file://'))
    try:
        content = yaml.safe_load(read_regular_file(file))
        return CameraInfo(
            width=int(content['image_width']),
            height=int(content['image_height']),
            distortion_model=str(content['distortion_model']),
            d=_numbers(content['distortion_coefficients'], 0),
            k=_numbers(content['camera_matrix'], 9),
            r=_numbers(content['rectification_matrix'], 9),
            p=_numbers(content['projection_matrix'], 12),
        )
    except OSError as error:
        raise CalibrationFileError(f'cannot read calibration {file}: {error.strerror}') from error
    except KeyError as error:
        raise CalibrationFileError(
            f'calibration {file} lacks the key {error}; expected a file of camera_calibration'
        ) from error
    except (yaml.YAMLError, ValueError, TypeError, AssertionError, UnicodeDecodeError) as error:
        raise CalibrationFileError(
            f'calibration {file} is not in the format of camera_calibration: {error}'
        ) from error
