# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Bounds on the decompressed size of recordings."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
import shutil
import sqlite3
import struct
import subprocess
import sys
from typing import Any

from made_bags import DEMO_BAG, demo_messages, write_ros1_bag
from mcap.writer import CompressionType, IndexType, Writer
import pytest
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin
from rosbags.rosbag2 import Writer as Ros2Writer
from rosbags.typesys import get_typestore, Stores

from face_affect.bags.batch.job import read_information
from face_affect.bags.recordings import bounded_readers
from face_affect.bags.recordings.bag_reader import BagRecording, OversizeMessage, RecordingError
from face_affect.bags.recordings.mcap_chunks import (
    check_sizes,
    ChunkError,
    MAX_SIZE,
    measure_chunks,
)
from face_affect.bags.recordings.message_types import message_definition
from face_affect.core.images import ImageError
from support.footprint import PEAK_KB

IMAGE = 'sensor_msgs/msg/CompressedImage'


def write_mcap(
    path: Path,
    size: int,
    compression: CompressionType,
    around: int = 0,
    indexed: bool = True,
) -> Path:
    """Write a chunk with a message of ``size`` zeros, and demo images before and after it.

    The stamps are 1, 2, 3, ... nanoseconds.
    """
    images = [message.data for message in demo_messages(range(90, 90 + 2 * around))]
    with path.open('wb') as stream:
        # A chunk ends with the message by which it exceeds its size.
        writer = Writer(
            stream,
            chunk_size=1,
            compression=compression,
            use_statistics=indexed,
            use_chunking=True,
            index_types=IndexType.ALL if indexed else IndexType.NONE,
        )
        writer.start(profile='ros2')
        definition, _ = message_definition(IMAGE)
        schema = writer.register_schema(IMAGE, 'ros2msg', definition.encode())
        channel = writer.register_channel('/image', 'cdr', schema)
        for stamp, data in enumerate([*images[:around], bytes(size), *images[around:]], 1):
            writer.add_message(channel, stamp, data, stamp)
        writer.finish()
    return path


def process(bag: Path, output: Path) -> tuple[dict[str, Any], str]:
    """Run ``face-affect bag``; return the metadata of its output, and its standard error."""
    done = subprocess.run(
        [sys.executable, '-m', 'face_affect.cli', 'bag', str(bag), '-o', str(output)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(read_information(output) or {}), done.stderr


def lie(path: Path, size: int) -> None:
    """Change the size that the only chunk and its index entry state."""
    (chunk,) = measure_chunks(path)
    stated, other = struct.pack('<Q', chunk.stated_size), struct.pack('<Q', size)
    data = path.read_bytes()
    for place in {data.index(stated), data.rindex(stated)}:
        data = data[:place] + other + data[place + 8 :]
    path.write_bytes(data)


@pytest.mark.parametrize('compression', [CompressionType.ZSTD, CompressionType.LZ4])
def test_an_oversized_chunk_costs_its_own_messages_only(
    tmp_path: Path, compression: CompressionType
) -> None:
    path = write_mcap(tmp_path / 'bomb.mcap', MAX_SIZE + 1, compression, around=3)
    assert path.stat().st_size < MAX_SIZE / 50
    recording = BagRecording(path)
    messages = list(recording.messages())
    assert [message.stamp for message in messages] == [1, 2, 3, 4, 5, 6, 7]
    lost = messages[3]
    assert isinstance(lost, OversizeMessage)
    with pytest.raises(ImageError, match=f'when decompressed; expected at most {MAX_SIZE}'):
        _ = lost.data
    # Each stamp comes from the index: the chunk itself is not read.
    results, stderr = process(path, tmp_path / 'out')
    assert results['frames'] == 7
    assert results['dropped'] == {'bad_size': 1}
    assert 'when decompressed' in stderr


def test_a_wrong_message_index_ends_the_recording(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / 'bomb.mcap', MAX_SIZE + 1, CompressionType.ZSTD, around=3)
    data = bytearray(path.read_bytes())
    bomb = max(measure_chunks(path), key=lambda chunk: chunk.stated_size)
    index = bomb.data + bomb.length
    assert data[index] == 0x07
    struct.pack_into('<I', data, index + 9 + 2, 2**32 - 16)
    path.write_bytes(data)
    with pytest.raises(RecordingError, match='expected a message index of at most'):
        list(BagRecording(path).messages())


def test_an_oversized_chunk_without_an_index_is_refused(tmp_path: Path) -> None:
    path = write_mcap(
        tmp_path / 'bomb.mcap', MAX_SIZE + 1, CompressionType.ZSTD, around=3, indexed=False
    )
    with pytest.raises(RecordingError, match=f'when decompressed; expected at most {MAX_SIZE}'):
        BagRecording(path)


@pytest.mark.parametrize('compression', [CompressionType.ZSTD, CompressionType.LZ4])
def test_a_chunk_that_states_less_than_it_holds_is_refused(
    tmp_path: Path, compression: CompressionType
) -> None:
    path = write_mcap(tmp_path / 'liar.mcap', 2 * MAX_SIZE, compression)
    lie(path, 1000)
    with pytest.raises(ChunkError, match='when decompressed'):
        check_sizes(measure_chunks(path))


@pytest.mark.parametrize('compression', [CompressionType.ZSTD, CompressionType.LZ4])
def test_an_oversized_chunk_is_refused_without_allocating_it(
    tmp_path: Path, compression: CompressionType
) -> None:
    path = write_mcap(tmp_path / 'bomb.mcap', 2 * MAX_SIZE, compression)
    lie(path, 1000)
    code = (
        'import sys; from face_affect.cli import main\n'
        'code = main(["bag", sys.argv[1], "-o", sys.argv[2]])\n'
        f'print({PEAK_KB})\n'
        'sys.exit(code)'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, str(path), str(tmp_path / 'out')],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr  # every image was dropped
    assert 'when decompressed' in done.stderr
    assert int(done.stdout) * 1024 < 2 * MAX_SIZE


@pytest.mark.parametrize('compression', list(CompressionType))
def test_usual_chunks_are_read(tmp_path: Path, compression: CompressionType) -> None:
    path = write_mcap(tmp_path / 'usual.mcap', 2_000_000, compression)
    check_sizes(measure_chunks(path))
    (message,) = BagRecording(path).messages()
    assert len(message.data) == 2_000_000


def test_the_demo_bag_and_truncated_files_pass_the_check(tmp_path: Path) -> None:
    (file,) = DEMO_BAG.glob('*.mcap')
    check_sizes(measure_chunks(file))
    data = file.read_bytes()
    for length in (8, 9, 20, 1000, len(data) // 2):
        (tmp_path / 'cut.mcap').write_bytes(data[:length])
        check_sizes(measure_chunks(tmp_path / 'cut.mcap'))
    (tmp_path / 'odd.mcap').write_bytes(data[:8] + b'\x06' + b'\xff' * 300)
    with pytest.raises(ChunkError):
        check_sizes(measure_chunks(tmp_path / 'odd.mcap'))


def test_a_chunk_that_only_the_index_lists_is_not_read(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / 'hidden.mcap', 2 * MAX_SIZE, CompressionType.LZ4)
    data = path.read_bytes()
    place = data.index(b'\x06', 8)
    # An unknown record hides the chunk from a scan of the file, but not from the index.
    assert data[place + 9 + 32 :].startswith(b'lz4')
    path.write_bytes(data[:place] + b'\x80' + data[place + 1 :])
    recording = BagRecording(path)
    with pytest.raises(
        RecordingError, match='the index of the MCAP file lists chunks that the file lacks'
    ):
        list(recording.messages())


@pytest.mark.parametrize('compression', ['bz2', 'lz4'])
def test_chunks_of_ros_1_are_bounded(
    tmp_path: Path, compression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_ros1_bag(tmp_path / 'ros1.bag', demo_messages(range(90, 93)), compression)
    assert len(list(BagRecording(path).messages())) == 3
    monkeypatch.setattr(bounded_readers, 'MAX_SIZE', 1000)
    with pytest.raises(RecordingError, match='compressed data are larger than 1000 bytes'):
        list(BagRecording(path).messages())


@pytest.mark.parametrize('plugin', list(StoragePlugin))
def test_compressed_messages_are_bounded(
    tmp_path: Path, plugin: StoragePlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = compressed_bag(tmp_path / 'bag', plugin, CompressionMode.MESSAGE)
    assert [len(message.data) for message in BagRecording(folder).messages()] == [10_000]
    monkeypatch.setattr(bounded_readers, 'MAX_SIZE', 1000)
    (message,) = BagRecording(folder).messages()
    with pytest.raises(ImageError, match='compressed data are larger than 1000 bytes'):
        _ = message.data


@pytest.mark.parametrize('plugin', list(StoragePlugin))
def test_compressed_files_need_free_space(
    tmp_path: Path, plugin: StoragePlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = compressed_bag(tmp_path / 'bag', plugin, CompressionMode.FILE)
    assert [len(message.data) for message in BagRecording(folder).messages()] == [10_000]
    usage = shutil.disk_usage(tmp_path)._replace(free=5000)
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: usage)
    with pytest.raises(
        RecordingError, match=r'bytes when decompressed, but .* has 5000 bytes free'
    ):
        BagRecording(folder)


def compressed_bag(folder: Path, plugin: StoragePlugin, mode: CompressionMode) -> Path:
    """Write a bag of one message of zeros."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    writer = Ros2Writer(folder, version=8, storage_plugin=plugin)
    writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer as bag:
        connection = bag.add_connection('/image', IMAGE, typestore=store)
        bag.write(connection, 1, bytes(10_000))
    return folder


def test_generated_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / 'computed.db3'
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            """
            CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT,
                serialization_format TEXT, offered_qos_profiles TEXT);
            CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER,
                data BLOB GENERATED ALWAYS AS (zeroblob(900000000)) VIRTUAL);
            INSERT INTO topics VALUES(1, '/image', 'sensor_msgs/msg/CompressedImage', 'cdr', '');
            INSERT INTO messages VALUES(1, 1, 1);
            """
        )
    with pytest.raises(RecordingError, match='column data of table messages is generated'):
        BagRecording(path)
