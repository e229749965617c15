# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Write the output of one recording: results, annotated images, copied topics, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from face_affect.bags.batch.job import INFORMATION_KEY, Options
from face_affect.bags.batch.tables import rows, TABLES
from face_affect.bags.recordings.bag_reader import Message, TimedMessage, Topic
from face_affect.bags.recordings.bag_writer import BagWriter
from face_affect.bags.recordings.message_types import (
    compressed_image,
    COMPRESSED_TYPE,
    message_definition,
    result_to_cdr,
    RESULT_TYPE,
)
from face_affect.core.annotation import annotate
from face_affect.core.images import encode_jpeg, ImageError
from face_affect.core.pictures import ProcessedPicture
from face_affect.core.strict_json import to_json

# As the node's topics are named
RESULT_TOPIC = '/face_affect/faces'
PICTURE_TOPIC = '/face_affect/debug_image/compressed'


class ResultWriter:
    """A writer of results to a bag, with annotated images and tables by the options."""

    def __init__(
        self, bag: BagWriter, folder: Path, options: Options, kept: Sequence[Topic]
    ) -> None:
        """Declare the topics and create the tables.

        Args:
            bag: an open bag.
            folder: the folder of the bag, for the tables.
            options: which files and topics to write.
            kept: topics of the recording to copy; names of result topics are left out.

        Raises:
            OutputError: the bag cannot be written.
            OSError: a table cannot be written.
            MissingExtraError: the package for a table is not installed.

        """
        self._bag = bag
        self._annotated = options.images
        self._count = 0
        ours = [Topic(RESULT_TOPIC, RESULT_TYPE, *message_definition(RESULT_TYPE))]
        if options.images:
            ours.append(
                Topic(PICTURE_TOPIC, COMPRESSED_TYPE, *message_definition(COMPRESSED_TYPE))
            )
        names = {topic.name for topic in ours}
        copied = [topic for topic in kept if topic.name not in names]
        self._kept = {topic.name for topic in copied}
        for topic in (*copied, *ours):
            self._bag.advertise(topic)
        self._tables = [TABLES[name](folder / f'faces.{name}') for name in options.tables]

    def keep(self, message: Message) -> None:
        """Copy a message of the recording if its topic is kept; skip a broken video frame."""
        if message.topic in self._kept:
            with suppress(ImageError):
                self._bag.write(message)

    def add(self, processed: ProcessedPicture) -> None:
        """Append the result of an image."""
        picture, result = processed.picture, processed.result
        stamp, moment, frame_id = picture.received, picture.stamp, picture.frame_id
        self._bag.write(TimedMessage(RESULT_TOPIC, stamp, result_to_cdr(result, moment, frame_id)))
        if self._annotated:
            jpeg = encode_jpeg(annotate(processed.image, result))
            self._bag.write(
                TimedMessage(PICTURE_TOPIC, stamp, compressed_image(jpeg, moment, frame_id))
            )
        for row in rows(moment, self._count, result):
            for table in self._tables:
                table.add(row)
        self._count += 1

    def close(self, information: Mapping[str, Any]) -> None:
        """Finish all files; ``information`` goes into the bag's metadata.

        Raises:
            OutputError: the bag cannot be written, such as on a full disk.
            OSError: a table cannot be written.

        """
        for table in self._tables:
            table.close()
        self._bag.close({INFORMATION_KEY: to_json(information, sort_keys=True)})
