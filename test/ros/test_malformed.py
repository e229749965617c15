# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Fuzz test: 20,000 malformed images, with random fields and damaged bytes."""

from __future__ import annotations

import array
from collections.abc import Iterator
import threading
from typing import Any

from builtin_interfaces.msg import Time
import cv2
from demo_bag import DemoFrame
from hypothesis import given, HealthCheck, Phase, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from face_affect.core.images import encode_jpeg, supported_encodings
from face_affect.core.pipeline import Pipeline
from face_affect.ros.cdr import ImageKind
from face_affect.ros.conversions import result_to_message
from face_affect.ros.parameters import InputParameters
from face_affect.ros.statistics import Statistics
from face_affect.ros.worker import Worker

# For each of the two types: messages of random fields; variants of each, damaged but one
DRAWN, VARIANTS = 2_500, 4
HANG = 20.0  # seconds

words = st.text(st.characters(codec='utf-8', exclude_characters='\0'), max_size=12)
lengths = st.one_of(
    st.integers(0, 48),
    st.sampled_from((1 << 31, (1 << 32) - 1, 16384, 16385)),
    st.integers(0, (1 << 32) - 1),
)
headers = st.builds(
    Header,
    frame_id=words,
    stamp=st.builds(
        Time, sec=st.integers(-(1 << 31), (1 << 31) - 1), nanosec=st.integers(0, (1 << 32) - 1)
    ),
)
seeds = st.integers(0, (1 << 32) - 1)
many = settings(
    max_examples=DRAWN,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Handled:
    """A worker with the real pipeline; a call returns when its image is processed or dropped."""

    def __init__(self, kind: ImageKind) -> None:
        self.statistics = Statistics()
        self._done = threading.Semaphore(0)
        self._worker = Worker(
            Pipeline(),
            self.statistics,
            kind,
            self,
            InputParameters(),
        )

    def now(self) -> int:
        return 10**18

    def publish(self, result: Any, header: Header, elapsed: float) -> None:
        serialize_message(result_to_message(result, header, elapsed))

    def show(self, *_: Any) -> bool:
        self._done.release()
        return False

    def note_drop(self, reason: str, error: str) -> None:
        self._done.release()

    def __call__(self, data: bytes) -> None:
        self._worker.put(data)
        assert self._done.acquire(timeout=HANG), 'the worker hangs'

    def close(self) -> None:
        self._worker.stop()


@pytest.fixture
def handled(request: pytest.FixtureRequest) -> Iterator[Handled]:
    handled = Handled(request.param)
    yield handled
    handled.close()


@pytest.fixture(scope='module')
def face(demo_frames: list[DemoFrame]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return an image with a face."""
    frame = next(frame for frame in demo_frames if frame.faces)
    picture = cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(picture, dtype=np.uint8)


def broken(data: bytes, seed: int) -> bytes:
    """Flip up to four bits, and truncate every second message on average."""
    rng = np.random.default_rng(seed)
    wrong = bytearray(data)
    for place in rng.integers(0, max(len(wrong), 1), rng.integers(0, 5) if wrong else 0):
        wrong[place] ^= 1 << rng.integers(0, 8)
    return bytes(wrong[: rng.integers(0, len(wrong) + 1)] if rng.random() < 0.5 else wrong)


def show_variants(handled: Handled, message: Image | CompressedImage, seed: int) -> None:
    data = serialize_message(message)
    handled(data)
    for variant in range(1, VARIANTS):
        handled(broken(data, seed + variant))


def check(handled: Handled, good: Image | CompressedImage) -> None:
    """Assert that every image was counted, none failed, and the next valid one is processed."""
    processed = handled.statistics.report().processed
    for _ in range(2):  # the first may be of another size than the last
        handled(serialize_message(good))
    report = handled.statistics.report()
    assert report.processed > processed
    assert report.received == report.processed + sum(report.dropped.values())
    assert 'failed' not in report.dropped, report.last_error
    assert report.received >= DRAWN * VARIANTS


@pytest.mark.parametrize('handled', [Image], indirect=True)
def test_raw_images(handled: Handled, face: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    @many
    @given(
        header=headers,
        encoding=st.one_of(st.sampled_from(supported_encodings()), words),
        width=lengths,
        height=lengths,
        step=st.one_of(st.none(), lengths),
        is_bigendian=st.integers(0, 255),
        data=st.one_of(st.none(), st.binary(max_size=300)),
        seed=seeds,
    )
    def show(
        header: Header,
        encoding: str,
        width: int,
        height: int,
        step: int | None,
        is_bigendian: int,
        data: bytes | None,
        seed: int,
    ) -> None:
        if step is None:
            step = width * 3 % (1 << 32)
        if data is None:  # the right size, up to a limit
            data = bytes(min(step * height, 1 << 14))
        show_variants(
            handled,
            Image(
                header=header,
                encoding=encoding,
                width=width,
                height=height,
                step=step,
                is_bigendian=is_bigendian,
                data=array.array('B', data),
            ),
            seed,
        )

    show()
    check(
        handled,
        Image(
            encoding='bgr8',
            width=face.shape[1],
            height=face.shape[0],
            step=3 * face.shape[1],
            data=array.array('B', face.tobytes()),
        ),
    )


def small_pictures() -> list[bytes]:
    picture = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    deep = picture.astype(np.uint16) * 257
    encoded = [
        cv2.imencode('.png', each)[1].tobytes()
        for each in (picture, picture[..., 0], deep, np.dstack([picture, picture[..., :1]]))
    ]
    return [encode_jpeg(picture), encode_jpeg(picture[..., 0]), *encoded]


@pytest.mark.parametrize('handled', [CompressedImage], indirect=True)
def test_compressed_images(handled: Handled, face: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    @many
    @given(
        header=headers,
        format=words,
        seed=seeds,
        data=st.one_of(st.sampled_from(small_pictures()), st.binary(max_size=300)),
    )
    def show(header: Header, format: str, data: bytes, seed: int) -> None:
        data = broken(data, seed) if seed % 2 else data
        show_variants(
            handled,
            CompressedImage(header=header, format=format, data=array.array('B', data)),
            seed,
        )

    show()
    check(handled, CompressedImage(data=array.array('B', encode_jpeg(face))))
