# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Memory that an MCAP file's header claims."""

from __future__ import annotations

from pathlib import Path
import struct
import subprocess
import sys

from made_bags import DEMO_BAG
from mcap.writer import CompressionType, Writer
import pytest

from face_affect.bags.recordings.bag_reader import BagRecording, RecordingError
from face_affect.bags.recordings.mcap_chunks import check_chunks, ChunkError, MAX_CHUNK

IMAGE = 'sensor_msgs/msg/CompressedImage'


def write_mcap(path: Path, size: int, compression: CompressionType) -> Path:
    """Write one chunk with a message of so many zeros."""
    with path.open('wb') as stream:
        writer = Writer(stream, chunk_size=2 * size, compression=compression)
        writer.start(profile='ros2')
        schema = writer.register_schema(IMAGE, 'ros2msg', b'uint8[] data')
        channel = writer.register_channel('/image', 'cdr', schema)
        writer.add_message(channel, 1, bytes(size), 1)
        writer.finish()
    return path


def lie(path: Path, size: int) -> None:
    """Let the chunk state another size."""
    data = bytearray(path.read_bytes())
    place = 8
    while data[place] != 0x06:
        place += 9 + struct.unpack_from('<Q', data, place + 1)[0]
    struct.pack_into('<Q', data, place + 9 + 16, size)
    path.write_bytes(data)


@pytest.mark.parametrize('compression', [CompressionType.ZSTD, CompressionType.LZ4])
def test_a_small_file_of_a_huge_chunk_is_refused(
    tmp_path: Path, compression: CompressionType
) -> None:
    path = write_mcap(tmp_path / 'bomb.mcap', MAX_CHUNK + 1, compression)
    assert path.stat().st_size < MAX_CHUNK / 100
    with pytest.raises(RecordingError, match=f'when decompressed; at most {MAX_CHUNK} are read'):
        BagRecording(path)


def test_a_chunk_that_states_less_than_it_holds_is_refused(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / 'liar.mcap', 2 * MAX_CHUNK, CompressionType.ZSTD)
    lie(path, 1000)
    with pytest.raises(ChunkError, match='when decompressed'):
        check_chunks(path)


def test_refusing_takes_no_memory(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / 'bomb.mcap', 2 * MAX_CHUNK, CompressionType.ZSTD)
    # Not ru_maxrss, which begins with that of the parent process
    code = (
        'import re, sys; from face_affect.cli import main\n'
        'code = main(["bag", sys.argv[1], "-o", sys.argv[2]])\n'
        'print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])\n'
        'sys.exit(code)'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, str(path), str(tmp_path / 'out')],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert 'when decompressed' in done.stderr
    assert int(done.stdout) * 1024 < 2 * MAX_CHUNK


@pytest.mark.parametrize('compression', list(CompressionType))
def test_usual_chunks_are_read(tmp_path: Path, compression: CompressionType) -> None:
    path = write_mcap(tmp_path / 'usual.mcap', 2_000_000, compression)
    check_chunks(path)
    (message,) = BagRecording(path).messages()
    assert len(message.data) == 2_000_000


def test_the_demo_bag_and_damaged_files_pass(tmp_path: Path) -> None:
    (file,) = DEMO_BAG.glob('*.mcap')
    check_chunks(file)
    data = file.read_bytes()
    for length in (8, 9, 20, 1000, len(data) // 2):
        (tmp_path / 'cut.mcap').write_bytes(data[:length])
        check_chunks(tmp_path / 'cut.mcap')
    (tmp_path / 'odd.mcap').write_bytes(data[:8] + b'\x06' + b'\xff' * 300)
    with pytest.raises(ChunkError):
        check_chunks(tmp_path / 'odd.mcap')
