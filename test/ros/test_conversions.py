"""Messages to pictures and back."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2')

ABSURD = """
import numpy as np
from face_affect.ros import conversions
from face_affect.core.images import ImageError
from sensor_msgs.msg import CompressedImage
import cv2, struct, zlib

def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

header = struct.pack('>IIBBBBB', 16000, 16000, 8, 0, 0, 0, 0)
png = (b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', header)
       + chunk(b'IDAT', zlib.compress(bytes(16001) * 16000)) + chunk(b'IEND', b''))
try:
    conversions.decode(CompressedImage(format='png', data=png))
except ImageError as error:
    print(error.reason)
"""


def test_a_small_file_of_a_huge_picture_is_refused_before_decoding() -> None:
    # In a process of its own: OpenCV reads the limit as it is loaded.
    found = subprocess.run([sys.executable, '-c', ABSURD], capture_output=True, text=True,
                           timeout=60, check=True)
    assert found.stdout.strip() == 'undecodable'


@pytest.mark.parametrize('seconds, expected', [
    (-1.0, (0, 0)), (0.0, (0, 0)), (1.5, (1, 500000000)), (0.9999999999, (1, 0))])
def test_duration(seconds: float, expected: tuple[int, int]) -> None:
    from face_affect.ros.conversions import duration
    message = duration(seconds)
    assert (message.sec, message.nanosec) == expected


@pytest.mark.parametrize('data', [
    b'', bytes(4), bytes.fromhex('00010001'), bytes.fromhex('00010003'), bytes(15)],
    ids=bytes.hex)
def test_what_would_crash_the_middleware_is_refused(data: bytes) -> None:
    from sensor_msgs.msg import CompressedImage, Image

    from face_affect.core.images import ImageError
    from face_affect.ros.conversions import parse
    for kind in (Image, CompressedImage):
        with pytest.raises(ImageError) as caught:
            parse(data, kind)
        assert caught.value.reason == 'malformed'


def test_a_picture_survives_the_way_to_a_raw_message_and_back() -> None:
    from std_msgs.msg import Header

    from face_affect.ros.conversions import decode, image_to_message
    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    message = image_to_message(picture, Header(frame_id='camera'))
    assert message.header.frame_id == 'camera'
    assert np.array_equal(decode(message), picture)
