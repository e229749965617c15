# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Conversion of messages to images and results, and back."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from face_affect.core.faces import Box, Detection, Estimate, Face, FrameResult, GENDERS, Location
from face_affect.core.images import ImageError

pytest.importorskip('rclpy', reason='needs ROS 2')

ABSURD = """
import numpy as np
from face_affect.ros import conversions
from face_affect.core.faces import Box, Detection, Estimate, Face, FrameResult, GENDERS, Location
from face_affect.core.images import ImageError
from face_affect.ros.cdr import CdrCompressedImage
from std_msgs.msg import Header
import cv2, struct, zlib

def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

header = struct.pack('>IIBBBBB', 16000, 16000, 8, 0, 0, 0, 0)
png = (b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', header)
       + chunk(b'IDAT', zlib.compress(bytes(16001) * 16000)) + chunk(b'IEND', b''))
try:
    conversions.decode(CdrCompressedImage(Header(), 'png', memoryview(png)))
except ImageError as error:
    print(error.reason)
"""


def test_a_small_file_with_a_huge_image_is_refused_before_decoding() -> None:
    found = subprocess.run(
        [sys.executable, '-c', ABSURD], capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout.strip() == 'bad_size'


def test_an_image_is_the_same_after_conversion_to_a_message() -> None:
    from rclpy.serialization import serialize_message
    from sensor_msgs.msg import Image
    from std_msgs.msg import Header

    from face_affect.ros.cdr import read_message
    from face_affect.ros.conversions import decode, image_to_message

    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    message = image_to_message(picture, Header(frame_id='camera'))
    assert message.header.frame_id == 'camera'
    read = read_message(serialize_message(message), Image)
    assert np.array_equal(decode(read), picture)


class BridgeError(TypeError):
    pass


@pytest.mark.parametrize(
    'answer', [np.full((2, 3, 3), 7, np.uint8), BridgeError('\x1b[2J\nforged')]
)
def test_unknown_encodings_are_decoded_by_cv_bridge(
    answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rclpy.serialization import serialize_message
    from sensor_msgs.msg import Image

    from face_affect.ros import conversions
    from face_affect.ros.cdr import read_message

    class Bridge:
        def imgmsg_to_cv2(self, message: Image, encoding: str) -> Any:
            assert (message.encoding, encoding) == ('odd\n8', 'bgr8')
            if isinstance(answer, Exception):
                raise answer
            return answer

    monkeypatch.setattr(conversions, 'CvBridge', Bridge)
    monkeypatch.setattr(conversions, 'CvBridgeError', BridgeError, raising=False)
    message = read_message(serialize_message(Image(encoding='odd\n8', width=3, height=2)), Image)
    if not isinstance(answer, Exception):
        assert np.array_equal(conversions.decode(message), answer)
        return
    with pytest.raises(ImageError) as caught:
        conversions.decode(message)
    assert caught.value.reason == 'unknown_encoding'
    assert str(caught.value) == (
        "encoding 'odd\\n8' is known neither here nor to cv_bridge: \\x1b[2J\\nforged"
    )


def test_a_result_comes_back_from_a_message_of_rclpy() -> None:
    from std_msgs.msg import Header

    from face_affect.core.codec import decode_result
    from face_affect.ros.conversions import result_to_message

    header = Header(frame_id='camera')
    header.stamp.sec, header.stamp.nanosec = 5, 500_000_000
    face = Face(
        3,
        Detection(Box(1, 2, 3, 4), 0.5, ((1.0, 2.0), (3.0, 4.0))),
        2.5,
        9,
        {'gender': Estimate(GENDERS, (0.25, 0.75), (0.625, 0.375), 0.7)},
        Location((0.0, 0.6, 0.8), (0.0, 1.2, 1.6)),
    )
    result = FrameResult(5.5, 64, 48, (face,), {'total': 0.25})
    message = result_to_message(result, header, 0.25)
    assert (message.header, message.processing_time.nanosec) == (header, 250_000_000)
    gender = message.faces[0].gender
    assert (gender.label, gender.frame_label) == (gender.MALE, gender.UNKNOWN)
    back = decode_result(message)
    assert (back.stamp, back.width, back.height, back.timings) == (5.5, 64, 48, {'total': 0.25})
    read, sent = back.faces[0], face
    assert (read.id, read.detection, read.age, read.frames, read.emotion, read.location) == (
        sent.id,
        sent.detection,
        sent.age,
        sent.frames,
        sent.emotion,
        sent.location,
    )
    assert read.gender and read.gender.probabilities == (0.25, 0.75)
    assert (read.gender.label, read.gender.frame_label) == ('male', 'unknown')


@pytest.mark.parametrize(
    'region',
    [
        {'x_offset': 2**32 - 1},
        {'width': 2**32 - 1},
        {'y_offset': 40, 'height': 9},
    ],
    ids=str,
)
def test_a_box_of_a_message_is_inside_the_image(region: dict[str, int]) -> None:
    from face_affect_msgs.msg import FaceAffect, FaceAffectArray
    from sensor_msgs.msg import RegionOfInterest

    from face_affect.core.codec import decode_result

    face = FaceAffect(id=7, roi=RegionOfInterest(x_offset=60, y_offset=44, width=4, height=4))
    message = FaceAffectArray(image_width=64, image_height=48, faces=[face])
    assert decode_result(message).faces[0].detection.box == Box(60, 44, 4, 4)
    for name, value in region.items():
        setattr(face.roi, name, value)
    with pytest.raises(ValueError, match='of face 7 is not inside the image of 64x48 pixels'):
        decode_result(message)


@pytest.mark.parametrize('elapsed, expected', [(-1.0, (0, 0)), (0.9999999999, (1, 0))])
def test_processing_time_is_not_negative_and_carries_over(
    elapsed: float, expected: tuple[int, int]
) -> None:
    from std_msgs.msg import Header

    from face_affect.ros.conversions import result_to_message

    spent = result_to_message(FrameResult(0.0, 1, 1), Header(), elapsed).processing_time
    assert (spent.sec, spent.nanosec) == expected
