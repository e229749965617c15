# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Images of all kinds, good and bad; the debug and the saliency image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
from demo_bag import large_jpeg
from face_affect_msgs.msg import FaceAffectArray
from harness import (
    bgr_image,
    BIDEN,
    box_of,
    Camera,
    demo_jpegs,
    demo_picture,
    iou,
    jpeg_image,
    Process,
    raw_image,
    Robot,
    Watcher,
)
from made_bags import IMAGES, read, write_bag
import numpy as np
from numpy.typing import NDArray
import pytest
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage, Image

from face_affect.bags.batch.job import Job, Options
from face_affect.bags.batch.processing import process_bag
from face_affect.bags.recordings.bag_reader import TimedMessage
from face_affect.bags.recordings.message_types import compressed_image
from face_affect.core.annotation import annotate_saliency
from face_affect.core.pipeline import Pipeline
from face_affect.core.saliency import Explainer
from face_affect.core.settings import Settings
from face_affect.core.tasks import TASKS
from face_affect.ros import debug_images
from face_affect.ros.node import FaceAffectNode

Picture = NDArray[np.uint8]
THREE = 100  # a frame of the demo bag with three people
# Reliable, unlike cameras: a lost image would be miscounted.
RELIABLE = {
    'qos_overrides./image.subscription.reliability': 'reliable',
    'qos_overrides./image/compressed.subscription.reliability': 'reliable',
}


@pytest.fixture(scope='module')
def node(robot: Robot) -> Process:
    return robot.start_node(autostart=True, confirm_frames=1, **RELIABLE)


@pytest.fixture(scope='module')
def watcher(robot: Robot, node: Process) -> Watcher:
    watcher = Watcher(robot, Camera(robot, '/image', Image))
    watcher.warm_up(good())
    robot.report()
    return watcher


def good() -> Image:
    return bgr_image(demo_picture(BIDEN))


def small() -> Image:
    return bgr_image(cv2.resize(demo_picture(BIDEN), (320, 240)))


# Encodings


def padded_bgr8(bgr: Picture) -> Image:
    height, width = bgr.shape[:2]
    rows = np.full((height, 3 * width + 61), 255, np.uint8)
    rows[:, : 3 * width] = bgr.reshape(height, -1)
    return raw_image('bgr8', width, height, rows.shape[1], rows.tobytes())


def rgb8(bgr: Picture) -> Image:
    return raw_image(
        'rgb8', bgr.shape[1], bgr.shape[0], 3 * bgr.shape[1], bgr[:, :, ::-1].tobytes()
    )


def mono8(bgr: Picture) -> Image:
    gray = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    return raw_image('mono8', bgr.shape[1], bgr.shape[0], bgr.shape[1], gray.tobytes())


def mono16(bgr: Picture, order: str = '<') -> Image:
    gray = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.uint16) * 256 + 77
    return raw_image(
        'mono16',
        bgr.shape[1],
        bgr.shape[0],
        2 * bgr.shape[1],
        gray.astype(f'{order}u2').tobytes(),
        order == '>',
    )


def big_endian_mono16(bgr: Picture) -> Image:
    return mono16(bgr, '>')


def planes(bgr: Picture) -> tuple[Picture, Picture, Picture]:
    """Return Y at full size, U and V at half."""
    height, width = bgr.shape[:2]
    i420 = cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420)
    u, v = i420[height:].reshape(2, height // 2, width // 2)
    return i420[:height], u, v


def nv12(bgr: Picture) -> Image:
    y, u, v = planes(bgr)
    return raw_image(
        'nv12', bgr.shape[1], bgr.shape[0], bgr.shape[1], y.tobytes() + np.dstack([u, v]).tobytes()
    )


def yuv422_yuy2(bgr: Picture) -> Image:
    y, u, v = planes(bgr)
    data = np.dstack([y[:, ::2], u.repeat(2, axis=0), y[:, 1::2], v.repeat(2, axis=0)])
    return raw_image('yuv422_yuy2', bgr.shape[1], bgr.shape[0], 2 * bgr.shape[1], data.tobytes())


def bayer_rggb8(bgr: Picture) -> Image:
    mosaic = bgr[:, :, 1].copy()
    mosaic[::2, ::2] = bgr[::2, ::2, 2]
    mosaic[1::2, 1::2] = bgr[1::2, 1::2, 0]
    return raw_image('bayer_rggb8', bgr.shape[1], bgr.shape[0], bgr.shape[1], mosaic.tobytes())


@pytest.mark.parametrize(
    'encode',
    [
        padded_bgr8,
        rgb8,
        mono8,
        mono16,
        big_endian_mono16,
        nv12,
        yuv422_yuy2,
        bayer_rggb8,
    ],
    ids=lambda encode: encode.__name__,
)
def test_encoding_gives_the_same_face(
    watcher: Watcher, encode: Callable[[Picture], Image]
) -> None:
    expected = watcher.look_at(good())
    result = watcher.look_at(encode(demo_picture(BIDEN)))
    assert (result.image_width, result.image_height) == (640, 480)
    assert len(expected.faces) == len(result.faces) == 1
    assert iou(box_of(expected.faces[0].roi), box_of(result.faces[0].roi)) > 0.85
    assert result.faces[0].id == expected.faces[0].id


# Debug image


@pytest.mark.parametrize('encode', [padded_bgr8, mono8], ids=lambda encode: encode.__name__)
def test_debug_image(watcher: Watcher, encode: Callable[[Picture], Image]) -> None:
    raws = watcher.robot.subscribe(Image, '/face_affect/debug_image', 10)
    compresseds = watcher.robot.subscribe(
        CompressedImage, '/face_affect/debug_image/compressed', 10
    )
    picture = demo_picture(BIDEN)
    watcher.camera.stream(encode(picture))
    watcher.robot.spin_until(lambda: raws and compresseds, 'debug images')
    watcher.camera.stop()
    result = watcher.look_at(encode(picture))
    watcher.robot.spin_until(
        lambda: raws[-1].header == compresseds[-1].header == result.header,
        'debug images of the last image',
    )
    raw = raws[-1]
    assert (raw.encoding, raw.width, raw.height, raw.step) == ('bgr8', 640, 480, 1920)
    drawn = np.frombuffer(raw.data, np.uint8).reshape(480, 640, 3)
    decoded = cv2.imdecode(np.frombuffer(compresseds[-1].data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == drawn.shape
    assert np.mean(cv2.absdiff(decoded, drawn)) < 4
    plain = (
        picture
        if encode is padded_bgr8
        else cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    )
    x, y, width, height = box_of(result.faces[0].roi)
    changed = np.any(drawn != plain, axis=2)
    assert changed[y : y + height, x].mean() > 0.9, 'no left side of the box'
    assert changed[y, x : x + width].mean() > 0.9, 'no upper side of the box'
    assert changed.mean() < 0.3, 'drawn where no face is'


@pytest.mark.parametrize(
    'topic, kind, drawing',
    [
        ('/face_affect/debug_image', Image, 'annotate'),
        ('/face_affect/debug_image/compressed', CompressedImage, 'annotate'),
        ('/face_affect/saliency', Image, 'annotate_saliency'),
    ],
)
def test_nothing_is_drawn_unless_subscribed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, topic: str, kind: type, drawing: str
) -> None:
    """Run the node in this process: other processes cannot see that it does not publish."""
    drawn: list[Picture] = []
    draw = getattr(debug_images, drawing)

    def counting_draw(image: Picture, *details: Any) -> Picture:
        drawn.append(image)
        return draw(image, *details)

    monkeypatch.setattr(debug_images, drawing, counting_draw)
    robot = Robot(tmp_path)
    node = robot.add_node(
        lambda context: FaceAffectNode(
            context=context, parameter_overrides=[Parameter('autostart', value=True)]
        )
    )
    try:
        node.start()
        watcher = Watcher(robot, Camera(robot, '/image', Image))
        watcher.warm_up(small())
        assert not drawn
        watcher.camera.stream(small())
        subscription = robot.node.create_subscription(kind, topic, lambda _: None, 1)
        robot.spin_until(lambda: drawn, 'a drawn image')
        robot.node.destroy_subscription(subscription)
        robot.spin_until(lambda: not node.count_subscribers(topic), 'the end of the subscription')
        watcher.camera.stop()
        watcher.look_at(small())
        drawn.clear()
        watcher.look_at(small())
        assert not drawn
    finally:
        node.destroy_node()
        robot.close()


def width_of(images: list[CompressedImage]) -> int:
    return cv2.imdecode(np.frombuffer(images[-1].data, np.uint8), cv2.IMREAD_COLOR).shape[1]


def test_a_large_jpeg_gives_what_the_bag_command_gives(tmp_path: Path) -> None:
    jpeg = large_jpeg(demo_picture(THREE))
    source = write_bag(
        tmp_path / 'large', [TimedMessage(IMAGES, 10**9, compressed_image(jpeg, 10**9, 'camera'))]
    )
    job = Job(str(source), tmp_path / 'out', Options(Settings(confirm_frames=1), images=True))
    assert process_bag(job).state == 'done'
    ((_, expected),) = read(job.output)
    ((_, drawing),) = read(job.output, '/face_affect/debug_image/compressed')
    robot = Robot(tmp_path)
    try:
        robot.start_node(
            autostart=True, image_transport='compressed', confirm_frames=1, **RELIABLE
        )
        watcher = Watcher(robot, Camera(robot, '/image/compressed', CompressedImage))
        watcher.warm_up(jpeg_image(jpeg))
        result = watcher.look_at(jpeg_image(jpeg))
        assert (result.image_width, result.image_height) == (4096, 2160)
        assert len(result.faces) == len(expected.faces) == 3
        for face, other in zip(result.faces, expected.faces):
            assert box_of(face.roi) == box_of(other.roi)
            assert face.score == other.score
            for one, same in ((face.emotion, other.emotion), (face.gender, other.gender)):
                assert list(one.frame_probabilities) == list(same.frame_probabilities)
        shown = robot.subscribe(CompressedImage, '/face_affect/debug_image/compressed', 10)
        watcher.camera.stream(jpeg_image(jpeg), rate=5)
        robot.spin_until(lambda: shown, 'a debug image')
        found, picture = (
            cv2.imdecode(np.frombuffer(bytes(data), np.uint8), cv2.IMREAD_COLOR)
            for data in (shown[-1].data, drawing.data)
        )
        assert found.shape == picture.shape == (1080, 2048, 3)
        # The ids of node and bag, which are drawn too, differ.
        assert different(found, picture) < 0.02
        for scale, detect_far, width in (
            (0.25, False, 1024),
            (1.0, True, 4096),
            (0.25, True, 1024),
        ):
            changes = {'debug_image_scale': scale, 'detect_far': detect_far}
            assert robot.set_at_once(**changes).successful
            robot.spin_until(lambda w=width: width_of(shown) == w, f'{width} pixels: {changes}')
        watcher.camera.stop()
        ids = [face.id for face in result.faces]
        assert [face.id for face in watcher.look_at(jpeg_image(jpeg)).faces] == ids
        assert dropped(robot.report(), 'size_changed') == 0
    finally:
        robot.close()


def test_a_lying_face_is_reported_while_detect_lying_is_set(watcher: Watcher) -> None:
    upright = max(watcher.look_at(good()).faces, key=lambda face: face.score)
    x, y, width, height = box_of(upright.roi)
    # Upside down, the image keeps its size.
    lying = bgr_image(cv2.rotate(demo_picture(BIDEN), cv2.ROTATE_180))
    expected = 640 - x - width, 480 - y - height, width, height
    watcher.camera.stream(lying)
    try:
        assert watcher.robot.set_at_once(detect_lying=True).successful

        def found(result: FaceAffectArray) -> bool:
            return any(
                iou(box_of(face.roi), expected) > 0.7
                and face.emotion.label == upright.emotion.label
                and face.gender.label == upright.gender.label
                for face in result.faces
            )

        watcher.wait_for(found, 'the lying face')
    finally:
        watcher.camera.stop()
        assert watcher.robot.set_at_once(detect_lying=False).successful


# Saliency


def explained(subject: str) -> Picture:
    """Return the image on ~/saliency without the face's id."""
    pipeline = Pipeline(Settings(confirm_frames=1))
    detector, *classifiers = pipeline.sidecars
    picture = demo_picture(BIDEN)
    result = pipeline.process(picture, 0.0)
    explanations = Explainer(classifiers, detector.calibrated_as)(picture, result, subject)
    return annotate_saliency(picture, explanations)


def different(a: Picture, b: Picture) -> float:
    """Return the fraction of pixels that differ."""
    return float((a != b).any(axis=2).mean())


def test_saliency_of_the_class_that_the_parameter_selects(watcher: Watcher) -> None:
    robot = watcher.robot
    seen: list[Image] = robot.subscribe(Image, '/face_affect/saliency', 10)
    number = 0.005  # maximum fraction of pixels of the face's id

    def shows(picture: Picture) -> bool:
        return (
            bool(seen)
            and different(np.frombuffer(seen[-1].data, np.uint8).reshape(480, 640, 3), picture)
            < number
        )

    explained_emotion = explained('emotion')
    watcher.camera.stream(good())
    try:
        robot.spin_until(lambda: shows(explained_emotion), 'the most probable emotion')
        for subject in ('happy', 'gender', 'emotion'):
            picture = explained(subject)
            assert different(picture, demo_picture(BIDEN)) > 0.02
            assert subject == 'emotion' or different(picture, explained_emotion) > number
            assert robot.set_parameters(saliency_of=subject)[0].successful
            robot.spin_until(lambda picture=picture: shows(picture), f'saliency of {subject}')
        refused = robot.set_parameters(saliency_of='bored')[0]
        assert not refused.successful
        subjects = ', '.join(task.name for task in TASKS)
        assert f"'bored', but must be one of {subjects}, angry" in refused.reason
        assert robot.set_parameters(enable_emotion=False)[0].successful
        robot.spin_until(lambda: shows(demo_picture(BIDEN)), 'nothing to explain')
    finally:
        watcher.camera.stop()
        assert robot.set_at_once(saliency_of='emotion', enable_emotion=True).successful


# Bad input


def bad_images() -> dict[str, tuple[str, Image]]:
    """Return the reason and the image."""
    row = 3 * 640
    data = bytes(row * 480)
    return {
        'unknown encoding': ('unknown_encoding', raw_image('pink8', 640, 480, row, data)),
        'float': ('unknown_encoding', raw_image('32FC1', 640, 480, 4 * 640, bytes(2560 * 480))),
        'three times 16 bits': (
            'unknown_encoding',
            raw_image('rgb16', 640, 480, 2 * row, bytes(2 * row * 480)),
        ),
        'zero size': ('bad_size', raw_image('bgr8', 0, 0, 0, b'')),
        'absurd size': ('bad_size', raw_image('bgr8', 2**32 - 1, 2**32 - 1, 2**32 - 1, data)),
        'odd nv12': ('bad_size', raw_image('nv12', 641, 480, 641, data)),
        'step too small': ('bad_step', raw_image('bgr8', 640, 480, row - 1, data)),
        'no data': ('short_data', raw_image('bgr8', 640, 480, row, b'')),
        'data too short': ('short_data', raw_image('bgr8', 640, 480, row, data[:-1])),
        'step too large': ('short_data', raw_image('mono16', 640, 480, 2**32 - 1, data)),
    }


def dropped(report: dict[str, str], reason: str) -> int:
    return int(report.get(f'dropped: {reason}', 0))


def wait_for_drops(robot: Robot, reason: str, count: int) -> dict[str, str]:
    """Return the diagnostics once ``count`` images were dropped for ``reason``."""
    report = robot.wait_for_report(lambda report: dropped(report, reason) == count)
    assert_balanced(report)
    return report


def assert_balanced(report: dict[str, str]) -> None:
    assert int(report['frames received']) == (
        int(report['frames processed']) + int(report['frames dropped'])
    )
    assert int(report['frames dropped']) == sum(
        int(value) for key, value in report.items() if key.startswith('dropped: ')
    )


@pytest.mark.parametrize('case', list(bad_images()))
def test_bad_image_is_dropped_and_counted(watcher: Watcher, node: Process, case: str) -> None:
    reason, image = bad_images()[case]
    count = dropped(watcher.robot.last_report, reason)
    watcher.camera.send(image)
    after = wait_for_drops(watcher.robot, reason, count + 1)
    assert reason in after['message']
    assert f'image dropped ({reason})' in node.output
    assert len(watcher.look_at(good()).faces) == 1


def test_a_new_size_is_accepted_at_its_second_image(watcher: Watcher) -> None:
    watcher.look_at(good())
    for image in (small(), good()):
        count = dropped(watcher.robot.last_report, 'size_changed')
        watcher.camera.send(image)
        wait_for_drops(watcher.robot, 'size_changed', count + 1)
        result = watcher.look_at(image)
        assert (result.image_width, result.image_height) == (image.width, image.height)
        assert len(result.faces) == 1


def test_bad_jpegs_are_dropped_counted_and_logged_once(tmp_path: Path) -> None:
    robot = Robot(tmp_path)
    try:
        node = robot.start_node(
            autostart=True, image_transport='compressed', confirm_frames=1, **RELIABLE
        )
        watcher = Watcher(robot, Camera(robot, '/image/compressed', CompressedImage))
        jpeg = demo_jpegs()[BIDEN]
        watcher.warm_up(jpeg_image(jpeg))
        for count, bad in enumerate((b'', b'no picture', jpeg[:50], jpeg[2:]), 1):
            watcher.camera.send(jpeg_image(bad))
            wait_for_drops(robot, 'undecodable', count)
            assert len(watcher.look_at(jpeg_image(jpeg)).faces) == 1
        assert node.output.count('image dropped (undecodable)') == 1
    finally:
        robot.close()
