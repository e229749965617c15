# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Message definitions and CDR without ROS, and the core's results as messages."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.convert.converter import default_message, LATCH
from rosbags.interfaces import Connection, MessageDefinitionFormat, Qos
from rosbags.typesys import get_types_from_idl, get_types_from_msg, get_typestore, Stores
from rosbags.typesys.store import Typestore

from face_affect.core.codec import ResultEncoder
from face_affect.core.faces import FrameResult
from face_affect.core.stamps import set_nanoseconds

PACKAGE = Path(__file__).resolve().parents[2]
HEADER_TYPE = 'std_msgs/msg/Header'
RESULT_TYPE = 'face_affect_msgs/msg/FaceAffectArray'
COMPRESSED_TYPE = 'sensor_msgs/msg/CompressedImage'
IDL_START = '=' * 80 + '\nIDL: '  # first line of an IDL definition in a rosbag2
LATCHED: tuple[Qos, ...] = tuple(LATCH)


def definitions_folder() -> Path:
    """Return the folder of the .msg files: beside the installed code, or in the source tree."""
    installed = PACKAGE / 'msg'
    return installed if installed.is_dir() else PACKAGE.parent / 'face_affect_msgs' / 'msg'


@lru_cache(maxsize=1)
def known_types() -> Typestore:
    """Return Humble's message types, unchanged in later distributions, and face_affect_msgs."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    for path in sorted(definitions_folder().glob('*.msg')):
        store.register(get_types_from_msg(path.read_text(), f'face_affect_msgs/msg/{path.stem}'))
    return store


def message_definition(kind: str) -> tuple[str, str]:
    """Return the definition and the RIHS01 hash of a known type, as rosbag2 stores them."""
    store = known_types()
    return store.generate_msgdef(kind, ros_version=2)[0], store.hash_rihs01(kind)


def digest_of(kind: str, definition: str) -> str:
    """Return the RIHS01 hash of a type with this definition, which may be empty.

    Raises:
        ValueError: the definition does not parse.

    """
    return _store_of(kind, definition).hash_rihs01(kind)


def _store_of(kind: str, definition: str, ros1: bool = False) -> Typestore:
    store = get_typestore(Stores.EMPTY)
    try:
        types = (
            get_types_from_idl(definition)
            if definition.startswith(IDL_START)
            else get_types_from_msg(definition, kind)
        )
        if ros1 and HEADER_TYPE in types:
            types[HEADER_TYPE] = known_types().fielddefs[HEADER_TYPE]
        store.register(types)
    # On a broken definition, the parser raises its own and many other errors.
    except Exception as error:
        raise ValueError(f'cannot parse the definition of {kind}: {error}') from error
    return store


def new_message(kind: str) -> Any:
    """Return a message of a known type with all fields empty, zero or false."""
    return default_message(known_types(), kind)


def serialise(message: Any, kind: str) -> bytes:
    """Return a message of a known type as CDR."""
    return bytes(known_types().serialize_cdr(message, kind))


class Definitions:
    """The message types of one bag: as defined in it, else the known ones."""

    def __init__(self, ros1: bool = False) -> None:
        """Start without types; ``ros1``: the messages are serialised by ROS 1."""
        self._ros1 = ros1
        self._stores: dict[str, Typestore] = {}
        self._connections: dict[str, Connection] = {}

    def describe(self, connection: Connection) -> tuple[str, str]:
        """Register the type of ``connection``; return its definition and RIHS01 hash for rosbag2.

        Both are '' for an unknown type.

        Raises:
            ValueError: a ROS 1 type cannot be converted to ROS 2.

        """
        kind = connection.msgtype
        self._connections[kind] = connection
        if self._ros1:
            store = self._store(kind)
            return store.generate_msgdef(kind, ros_version=2)[0], store.hash_rihs01(kind)
        if connection.msgdef.format != MessageDefinitionFormat.NONE:
            return connection.msgdef.data, connection.digest
        return message_definition(kind) if kind in known_types().fielddefs else ('', '')

    def to_cdr(self, data: bytes, kind: str) -> bytes:
        """Return a serialised message of the bag as CDR."""
        if self._ros1:
            return bytes(self._store(kind).ros1_to_cdr(data, kind))
        return bytes(data)

    def parse(self, data: bytes, kind: str) -> Any:
        """Return the message deserialised from CDR.

        Raises:
            ValueError: the bytes do not parse as that type, or the type is unknown.

        """
        try:
            return self._store(kind).deserialize_cdr(data, kind)
        # The generated code does not validate: on malformed data it raises any exception.
        except Exception as error:
            raise ValueError(f'cannot parse {len(data)} bytes as {kind}: {error!r}') from error

    def _store(self, kind: str) -> Typestore:
        if kind not in self._stores:
            self._stores[kind] = self._make_store(kind)
        return self._stores[kind]

    def _make_store(self, kind: str) -> Typestore:
        definition = self._connections[kind].msgdef
        if definition.format == MessageDefinitionFormat.NONE:
            return known_types()
        return _store_of(kind, definition.data, self._ros1)


def compressed_image(jpeg: bytes, stamp: int, frame_id: str) -> bytes:
    """Return a JPEG image as a serialised CompressedImage; ``stamp``: nanoseconds."""
    message = new_message(COMPRESSED_TYPE)
    set_nanoseconds(message.header.stamp, stamp)
    message.header.frame_id = frame_id
    message.format = 'jpeg'
    message.data = np.frombuffer(jpeg, dtype=np.uint8)
    return serialise(message, COMPRESSED_TYPE)


_ENCODER = ResultEncoder(
    partial(new_message, RESULT_TYPE),
    partial(new_message, 'face_affect_msgs/msg/FaceAffect'),
    partial(new_message, 'geometry_msgs/msg/Point32'),
)


def result_to_cdr(result: FrameResult, stamp: int, frame_id: str) -> bytes:
    """Return ``result`` as a serialised FaceAffectArray.

    ``stamp``, nanoseconds, and ``frame_id`` are those of the image. The processing time
    stays zero, so that the same input always gives the same bytes.
    """
    message = _ENCODER.encode(result)
    set_nanoseconds(message.header.stamp, stamp)
    message.header.frame_id = frame_id
    return serialise(message, RESULT_TYPE)
