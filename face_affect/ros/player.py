# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Play a recording: publish its messages on ROS topics, without ros2 bag."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import importlib
from pathlib import Path
import sys
import time
from typing import Any

from rcl_interfaces.srv import GetParameters
from rclpy.client import Client
from rclpy.duration import Duration
from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.validate_topic_name import validate_topic_name
from rosgraph_msgs.msg import Clock
from tqdm import tqdm

from face_affect.bags.recordings.bag_reader import (
    BagRecording,
    IMAGE_TYPES,
    MediaRecording,
    Message,
    Recording,
    RecordingError,
    Topic,
)
from face_affect.core.images import ImageError
from face_affect.core.stamps import set_nanoseconds
from face_affect.media import open_media
from face_affect.media.files import is_bag
from face_affect.media.live import Wait
from face_affect.ros.executable import Executable, run
from face_affect.ros.guarded_executor import Faults
from face_affect.ros.throttled_log import ThrottledLog
from face_affect.signals import EXIT_FAILED, StopSignal

SUBSCRIBER_CHECK = 0.02  # seconds between checks for a subscriber
CLOCK_PERIOD = 0.01  # seconds of real time between messages on /clock
ANSWER_TIME = 2.0  # maximum seconds for the node of a subscriber to respond
FLUSH_TIME = 3.0  # maximum seconds for subscribers to acknowledge the last messages
# For best-effort subscribers, which do not acknowledge, before the publishers are destroyed
LINGER = 0.5  # seconds


def open_recording(
    source: str, only: Sequence[str] | None = None, wait: Wait = time.sleep
) -> Recording:
    """Open a bag, or a source that ``open_media`` supports; ``wait`` as there.

    ``only``: names of the topics of a bag to read; None: all.

    Raises:
        RecordingError: the bag is missing or broken, or has none of the topics.
        MediaError: the image, video or camera does not open.

    """
    if is_bag(Path(source)):
        return BagRecording(Path(source), only)
    return MediaRecording(open_media(source, wait), time.time_ns())


def message_class(name: str) -> Any:
    """Return the Python class of a type such as sensor_msgs/msg/Image.

    Raises:
        ImportError: its package is not installed.

    """
    package, _, kind = name.partition('/msg/')
    try:
        return getattr(importlib.import_module(f'{package}.msg'), kind)
    except AttributeError as error:
        raise ImportError(f'{package}.msg has no {kind}') from error


class PlayerNode(Node):
    """The player's node, without parameters and diagnostics.

    Diagnostics would mix with those that a recording may contain.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Create the node."""
        super().__init__('face_affect_player', **kwargs)
        self.faults = Faults(ThrottledLog(self.get_logger()))


class Player:
    """Publishes recordings at their recorded rate, and spins the node meanwhile."""

    def __init__(
        self, node: Node, executable: Executable, rate: float, clock: bool, remap: dict[str, str]
    ) -> None:
        """Prepare playing; nothing is published yet.

        Args:
            node: publishes the messages.
            executable: spins the node.
            rate: of playing, relative to that of recording.
            clock: publish the recording's time on /clock.
            remap: new topic names, by name in the recording.

        """
        self._node = node
        self._executable = executable
        self._rate = rate
        self._remap = remap
        self._clock = node.create_publisher(Clock, '/clock', 10) if clock else None
        self._publishers: dict[str, Any] = {}

    def advertise(self, topics: Sequence[Topic]) -> list[str]:
        """Create the publishers; return the topics of unknown types, each with the reason."""
        unknown = []
        for topic in topics:
            qos = QoSProfile(depth=10)
            if topic.latched:
                qos.durability = DurabilityPolicy.TRANSIENT_LOCAL
            try:
                kind = message_class(topic.type)
            except ImportError as error:
                unknown.append(f'{topic.name} ({error})')
                continue
            name = self._remap.get(topic.name, topic.name)
            self._publishers[topic.name] = self._node.create_publisher(kind, name, qos)
        return unknown

    def wait_for_subscriber(self, topics: Sequence[Topic], timeout: float) -> bool:
        """Wait until an image topic has a subscriber that has discovered its publisher.

        Return False if there is no subscriber after ``timeout`` seconds.
        """
        images = [
            self._publishers[topic.name]
            for topic in topics
            if topic.type in IMAGE_TYPES and topic.name in self._publishers
        ]
        end = time.monotonic() + timeout
        while not any(publisher.get_subscription_count() for publisher in images):
            if time.monotonic() >= end or self._executable.stopped:
                return False
            self._executable.spin_until(time.monotonic() + SUBSCRIBER_CHECK)
        for publisher in images:
            for info in self._node.get_subscriptions_info_by_topic(publisher.topic_name):
                self._wait_until_known(f'{info.node_namespace.rstrip("/")}/{info.node_name}')
        return True

    def _wait_until_known(self, subscriber: str) -> None:
        """Wait until a node has discovered the publishers; otherwise it loses the first messages.

        Discovery is in order: a node that responds to a client created after the publishers has
        discovered these before.
        """
        client: Client = self._node.create_client(GetParameters, f'{subscriber}/get_parameters')
        end = time.monotonic() + ANSWER_TIME
        self._executable.spin_until(end, client.service_is_ready)
        if client.service_is_ready():
            future = client.call_async(GetParameters.Request())
            self._executable.spin_until(end, future.done)
        self._node.destroy_client(client)

    def play(self, recording: Recording, bar: tqdm[Any]) -> None:
        """Publish the recording once."""
        start, first = time.monotonic(), None
        for message in recording.messages():
            first = message.stamp if first is None else first
            self._wait_until(start, first, message.stamp)
            if self._executable.stopped:
                return
            publisher = self._publishers.get(message.topic)
            if publisher is not None:
                _publish(publisher, message, bar)
            bar.set_postfix_str(f'{(message.stamp - first) * 1e-9:.1f} s', refresh=False)
            bar.update()

    def flush(self) -> None:
        """Wait until the subscribers have received the last messages."""
        for publisher in self._publishers.values():
            publisher.wait_for_all_acked(Duration(seconds=FLUSH_TIME))
        if any(publisher.get_subscription_count() for publisher in self._publishers.values()):
            self._executable.finish(LINGER, lambda: False)

    def _wait_until(self, start: float, first: int, stamp: int) -> None:
        """Spin until ``stamp`` is due, and publish the time on /clock meanwhile."""
        due = start + (stamp - first) * 1e-9 / self._rate
        while True:
            left = due - time.monotonic()
            if self._clock is not None:
                now = stamp - round(max(left, 0.0) * self._rate * 1e9)
                self._clock.publish(_clock_message(now))
            if left <= 0 or self._executable.stopped:
                return
            pause = min(left, CLOCK_PERIOD) if self._clock is not None else left
            self._executable.spin_until(time.monotonic() + pause)


def _clock_message(nanoseconds: int) -> Clock:
    message = Clock()
    set_nanoseconds(message.clock, nanoseconds)
    return message


def _publish(publisher: Publisher, message: Message, bar: tqdm[Any]) -> None:
    try:
        data = message.data
    except ImageError as error:  # A frame of a video or camera
        bar.write(f'face-affect play: frame skipped: {error}', file=sys.stderr)
        return
    publisher.publish(data)


def _parse_remap(pairs: Sequence[str]) -> dict[str, str]:
    remap = {}
    for pair in pairs:
        source, separator, target = pair.partition(':=')
        if not (separator and source and target):
            raise RecordingError(f'--remap is {pair!r}, but must be of the form FROM:=TO')
        try:
            validate_topic_name(target)
        except InvalidTopicNameException:
            raise RecordingError(
                f'--remap is {pair!r}, but {target!r} is not a valid topic name'
            ) from None
        remap[source] = target
    return remap


def main(stopped: StopSignal, arguments: argparse.Namespace) -> int:
    """Run ``face-affect play`` until its end, or until it is ``stopped``; return the exit code.

    Raises:
        MediaError: the image, video or camera does not open.
        RecordingError: an argument is invalid, or the bag is missing or broken.

    """
    if not arguments.rate > 0:
        raise RecordingError(f'--rate is {arguments.rate}, but must be positive')
    if not arguments.wait_for_subscriber >= 0:
        raise RecordingError(
            f'--wait-for-subscriber is {arguments.wait_for_subscriber}, but must not be negative'
        )
    remap = _parse_remap(arguments.remap)
    recording = open_recording(arguments.input, arguments.topics, stopped.wait)
    images = _image_topics(recording, arguments.image)

    def serve(node: PlayerNode, executable: Executable) -> int:
        player = Player(node, executable, arguments.rate, arguments.clock, remap)
        return _play(player, recording, images, arguments, executable)

    return run('face-affect play', PlayerNode, serve, stopped, [])


def _image_topics(recording: Recording, name: str | None) -> list[Topic]:
    """Return the image topics, or only the one named ``name``.

    Raises:
        RecordingError: the recording has no image topic of this name.

    """
    images = [topic for topic in recording.topics if topic.type in IMAGE_TYPES]
    if name is None:
        return images
    named = [topic for topic in images if topic.name == name]
    if not named:
        there = ', '.join(topic.name for topic in images) or 'none'
        raise RecordingError(f'no image topic {name} in the recording; its image topics: {there}')
    return named


def _play(
    player: Player,
    recording: Recording,
    images: Sequence[Topic],
    arguments: argparse.Namespace,
    executable: Executable,
) -> int:
    for topic in player.advertise(recording.topics):
        print(f'face-affect play: topic skipped: {topic}', file=sys.stderr)
    wait = arguments.wait_for_subscriber
    if wait and not player.wait_for_subscriber(images, wait) and not executable.stopped:
        missing = f'no subscriber to {arguments.image or "an image topic"} within {wait} s'
        if arguments.image:
            print(f'face-affect play: {missing}', file=sys.stderr)
            return EXIT_FAILED
        print(f'face-affect play: {missing}; playing without one', file=sys.stderr)
    while not executable.stopped:
        with tqdm(total=len(recording) or None, unit='msg', disable=None) as bar:
            player.play(recording, bar)
        if not arguments.loop:
            break
    player.flush()
    return 0
