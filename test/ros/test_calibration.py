# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Files of camera_calibration, good and bad."""

from pathlib import Path

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2')

GOOD = """
image_width: 64
image_height: 48
camera_name: test
camera_matrix: {rows: 3, cols: 3, data: [60.0, 0.0, 32.0, 0.0, 60.0, 24.0, 0.0, 0.0, 1.0]}
distortion_model: equidistant
distortion_coefficients: {rows: 1, cols: 4, data: [0.1, -0.2, 0.0, 0]}
rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}
projection_matrix: {rows: 3, cols: 4, data: [60, 0, 32, 0, 0, 60, 24, 0, 0, 0, 1, 0]}
"""


@pytest.mark.parametrize('prefix', ['', 'file://'])
def test_good_file(tmp_path: Path, prefix: str) -> None:
    from face_affect.ros.calibration import read_calibration

    path = tmp_path / 'camera.yaml'
    path.write_text(GOOD)
    info = read_calibration(f'{prefix}{path}')
    assert (info.width, info.height, info.distortion_model) == (64, 48, 'equidistant')
    assert list(info.k) == [60, 0, 32, 0, 60, 24, 0, 0, 1]
    assert list(info.d) == [0.1, -0.2, 0, 0]
    assert list(info.p)[:4] == [60, 0, 32, 0]


@pytest.mark.parametrize(
    'content, message',
    [
        (None, 'cannot read calibration'),
        ('a: [1', 'not in the format of'),
        ('just words', 'not in the format of'),
        ('', 'not in the format of'),
        ('a: 1', "lacks the key 'image_width'"),
        (GOOD.replace('60.0, 0.0, 32.0', '60.0, 32.0'), 'a matrix has 8 numbers, expected 9'),
        (
            GOOD.replace('image_width: 64', 'image_width: wide'),
            'not in the format of',
        ),
        (GOOD.replace('[0.1,', '[much,'), 'not in the format of'),
    ],
)
def test_bad_file(tmp_path: Path, content: str, message: str) -> None:
    from face_affect.ros.calibration import CalibrationFileError, read_calibration

    path = tmp_path / 'camera.yaml'
    if content is not None:
        path.write_text(content)
    with pytest.raises(CalibrationFileError, match=message) as error:
        read_calibration(str(path))
    assert str(path) in str(error.value)


def test_a_device_is_no_calibration() -> None:
    from face_affect.ros.calibration import CalibrationFileError, read_calibration

    with pytest.raises(CalibrationFileError, match='calibration /dev/zero: not a regular file'):
        read_calibration('/dev/zero')
