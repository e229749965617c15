# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The CDR reader of images, compared with rclpy's serialisation."""

from __future__ import annotations

import array
import struct

from builtin_interfaces.msg import Time
from hypothesis import given
from hypothesis import strategies as st
import pytest
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from face_affect.core.images import ImageError
from face_affect.ros.cdr import read_message

words = st.text(st.characters(codec='utf-8', exclude_characters='\0'), max_size=9)
u32 = st.integers(0, (1 << 32) - 1)
stamps = st.builds(Time, sec=st.integers(-(1 << 31), (1 << 31) - 1), nanosec=u32)


@given(stamps, words, u32, u32, words, st.integers(0, 255), u32, st.binary(max_size=20))
def test_reads_what_rclpy_wrote(
    stamp: Time,
    frame_id: str,
    height: int,
    width: int,
    word: str,
    big: int,
    step: int,
    data: bytes,
) -> None:
    header = Header(stamp=stamp, frame_id=frame_id)
    image = read_message(
        serialize_message(
            Image(
                header=header,
                height=height,
                width=width,
                encoding=word,
                is_bigendian=big,
                step=step,
                data=array.array('B', data),
            )
        ),
        Image,
    )
    assert vars(image) == {
        'header': header,
        'height': height,
        'width': width,
        'encoding': word,
        'is_bigendian': big,
        'step': step,
        'data': data,
    }
    compressed = read_message(
        serialize_message(
            CompressedImage(header=header, format=word, data=array.array('B', data))
        ),
        CompressedImage,
    )
    assert vars(compressed) == {'header': header, 'format': word, 'data': data}


@pytest.mark.parametrize(
    'encapsulation, order',
    [('00000000', '>'), ('00010000', '<'), ('00060000', '>'), ('00070003', '<')],
)
def test_reads_both_byte_orders(encapsulation: str, order: str) -> None:
    body = struct.pack(f'{order}iII4sI5s3xI3s', 7, 9, 4, b'cam\0', 5, b'jpeg\0', 3, b'abc')
    image = read_message(bytes.fromhex(encapsulation) + body, CompressedImage)
    assert (image.header.stamp.sec, image.header.stamp.nanosec) == (7, 9)
    assert (image.header.frame_id, image.format, bytes(image.data)) == ('cam', 'jpeg', b'abc')


@pytest.mark.parametrize('kind', [Image, CompressedImage])
@pytest.mark.parametrize(
    'data, reason',
    [
        (b'', r'unknown encapsulation \(none\)'),
        (b'\0', 'unknown encapsulation 00'),
        (bytes.fromhex('00030000') + bytes(40), 'unknown encapsulation 0003'),
        # What makes Fast CDR read beyond the end
        (bytes.fromhex('00010001'), 'unpack_from'),
        (bytes.fromhex('00010003'), 'unpack_from'),
        (bytes.fromhex('000100000000000000000000ffffffff'), '4294967295 bytes announced, 0 left'),
    ],
    ids=lambda value: value.hex() if isinstance(value, bytes) else None,
)
def test_malformed_messages_are_refused(kind: type, data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason) as caught:
        read_message(data, kind)
    assert caught.value.reason == 'malformed'


def test_messages_truncated_at_any_byte_are_refused() -> None:
    whole = serialize_message(Image(encoding='bgr8', data=array.array('B', b'abc')))
    # Up to the data's last byte; rclpy pads what follows.
    for length in range(whole.index(b'abc') + 3):
        with pytest.raises(ImageError):
            read_message(whole[:length], Image)


def test_the_image_data_are_not_copied() -> None:
    data = serialize_message(CompressedImage(data=array.array('B', b'abc')))
    assert read_message(data, CompressedImage).data.obj is data
