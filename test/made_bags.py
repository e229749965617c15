# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Write small bags from the demo bag, and read bags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from demo_bag import ROOT
import numpy as np
from rosbags.convert.converter import default_message
from rosbags.highlevel import AnyReader
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.typesys import get_typestore, Stores

from face_affect.bags.recordings.bag_reader import BagRecording, TimedMessage, Topic
from face_affect.bags.recordings.bag_writer import BagWriter
from face_affect.bags.recordings.message_types import COMPRESSED_TYPE

DEMO_BAG = ROOT / 'demo' / 'bag'
IMAGES = '/camera/image_raw/compressed'
RESULTS = '/face_affect/faces'
# Frames of the demo bag with three people in them
SEEN = range(90, 110)


def demo_messages(frames: Iterable[int] = SEEN) -> Iterator[TimedMessage]:
    """Yield images of the demo bag."""
    wanted = set(frames)
    for number, message in enumerate(BagRecording(DEMO_BAG).messages([IMAGES])):
        if number in wanted:
            yield message


def image_topic() -> Topic:
    return next(topic for topic in BagRecording(DEMO_BAG).topics if topic.name == IMAGES)


def write_bag(
    folder: Path, messages: Iterable[TimedMessage], *topics: Topic, storage: str = 'mcap'
) -> Path:
    """Write a bag with the image topic and ``topics``."""
    with BagWriter(folder, storage) as bag:
        for topic in (image_topic(), *topics):
            bag.advertise(topic)
        for message in messages:
            bag.write(message)
        bag.close()
    return folder


def write_ros1_bag(path: Path, messages: Iterable[TimedMessage], compression: str = '') -> Path:
    """Write images to a ROS 1 bag; ``compression``: bz2, lz4, or ''."""
    recording = BagRecording(DEMO_BAG)
    store = get_typestore(Stores.ROS1_NOETIC)
    writer = Ros1Writer(path)
    if compression:
        writer.set_compression(Ros1Writer.CompressionFormat[compression.upper()])
    with writer as bag:
        connection = bag.add_connection(IMAGES, COMPRESSED_TYPE, typestore=store)
        for number, message in enumerate(messages):
            source = recording.parse(message)
            image: Any = default_message(store, COMPRESSED_TYPE)
            image.header.seq = number
            image.header.stamp.sec = source.header.stamp.sec
            image.header.stamp.nanosec = source.header.stamp.nanosec
            image.header.frame_id = source.header.frame_id
            image.format = source.format
            image.data = np.asarray(source.data)
            bag.write(connection, message.stamp, store.serialize_ros1(image, COMPRESSED_TYPE))
    return path


def read(bag: Path, topic: str = RESULTS) -> list[tuple[int, Any]]:
    """Return stamps and messages of a topic, read by rosbags alone."""
    with AnyReader([bag]) as reader:
        chosen = [each for each in reader.connections if each.topic == topic]
        assert chosen, f'{topic} is not in {bag}'
        return [
            (stamp, reader.deserialize(data, connection.msgtype))
            for connection, stamp, data in reader.messages(chosen)
        ]


def topics(bag: Path) -> set[str]:
    with AnyReader([bag]) as reader:
        return set(reader.topics)
