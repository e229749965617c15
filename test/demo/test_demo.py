# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The demo, run for real: a node, a player and a follower as processes of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import signal
import subprocess
import sys
import uuid

import av
import cv2
import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from face_affect.media.writer import write_picture

ROOT = Path(__file__).resolve().parents[2]
BAG_FRAMES = 255
RESULTS_TOPIC = '/face_affect/faces'
# Generous, for a busy machine.
RUN_SECONDS = 180.0
END_SECONDS = 30.0


@dataclass
class Demo:
    """A running demo; ``mark`` stands in the environment of it and its descendants."""

    process: subprocess.Popen[str]
    mark: bytes

    def finish(self, seconds: float = RUN_SECONDS) -> tuple[int, str]:
        output, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode, output

    def left_behind(self) -> list[str]:
        found = []
        for folder in Path('/proc').glob('[0-9]*'):
            try:
                if self.mark in (folder / 'environ').read_bytes():
                    found.append((folder / 'cmdline').read_text().replace('\0', ' '))
            except OSError:  # Gone meanwhile, or of another user
                continue
        return found


@contextmanager
def started(*arguments: str) -> Iterator[Demo]:
    mark = uuid.uuid4().hex
    with subprocess.Popen(
        [sys.executable, '-m', 'demo.run', *arguments],
        cwd=ROOT,
        text=True,
        env={**os.environ, 'FACE_AFFECT_TEST': mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield Demo(process, mark.encode())
        finally:
            # Its children go with it.
            process.kill()


@dataclass(frozen=True)
class Finished:
    code: int
    output: str
    left_behind: list[str]
    folder: Path


@pytest.fixture(scope='module')
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    # On a busy machine the node rightly skips images: then once more, slower.
    for rate in ('0.5', '0.2'):
        folder = tmp_path_factory.mktemp('demo')
        with started('--rate', rate, '--output', str(folder)) as demo:
            code, output = demo.finish()
            run = Finished(code, output, demo.left_behind(), folder)
        if f'{BAG_FRAMES} results' in output:
            break
    return run


def test_bundled_bag_ends_by_itself_with_a_result_for_every_frame(finished: Finished) -> None:
    assert finished.code == 0, finished.output
    assert f'{BAG_FRAMES} frames sent, {BAG_FRAMES} results' in finished.output
    assert 'missing' not in finished.output
    assert finished.left_behind == []


def test_video_has_every_frame_at_the_time_of_the_bag(finished: Finished) -> None:
    with av.open(str(finished.folder / 'annotated.mp4')) as video:
        assert video.streams.video[0].codec_context.name == 'h264'
        times = [frame.time for frame in video.decode(video=0)]
    assert len(times) == BAG_FRAMES
    np.testing.assert_allclose(np.diff(times), 1 / 15, atol=1e-3)


def test_contact_sheet_has_twelve_pictures(finished: Finished) -> None:
    sheet = cv2.imread(str(finished.folder / 'contact_sheet.png'))
    assert sheet is not None
    assert sheet.shape == (3 * 240, 4 * 320, 3)
    cells = sheet.reshape(3, 240, 4, 320, 3).swapaxes(1, 2).reshape(12, -1)
    assert all(cell.std() > 10 for cell in cells)


def test_results_are_readable_without_the_package(finished: Finished) -> None:
    with AnyReader([finished.folder / 'results.mcap']) as bag:
        results = [
            (stamp, bag.deserialize(data, connection.msgtype))
            for connection, stamp, data in bag.messages()
        ]
        assert list(bag.topics) == [RESULTS_TOPIC]
    assert len(results) == BAG_FRAMES
    for stamp, result in results:
        header = result.header  # type: ignore[attr-defined]
        assert stamp == header.stamp.sec * 10**9 + header.stamp.nanosec
    ids = {face.id for _, result in results for face in result.faces}  # type: ignore[attr-defined]
    assert len(ids) >= 3
    assert all(f'#{number} ' in finished.output for number in ids)


def test_tree_is_shown_at_work(tmp_path: Path) -> None:
    pytest.importorskip('py_trees')
    with started('--tree', '--rate', '3', '--output', str(tmp_path)) as demo:
        code, output = demo.finish()
        assert code == 0, output
        assert demo.left_behind() == []
    # A tree as of py_trees.display.unicode_tree, and what the robot does meanwhile
    assert '[-] Greeter' in output
    assert '--> Faces [✓] -- 2 faces' in output
    assert 'Hello! Can I help you?' in output
    assert 'Thank you for your smile!' in output
    assert (tmp_path / 'annotated.mp4').stat().st_size > 0


@pytest.mark.parametrize('wrong', ['no_such_thing.mp4', 'demo/truth.json'])
def test_wrong_input_is_named(wrong: str, tmp_path: Path) -> None:
    with started(wrong, '--output', str(tmp_path / 'output')) as demo:
        code, output = demo.finish(END_SECONDS)
        assert code == 2
        assert wrong in output
        assert 'Traceback' not in output
        assert not (tmp_path / 'output').exists()
        assert demo.left_behind() == []


@pytest.mark.parametrize('way', ['itself', 'link', 'folder'])
def test_own_output_is_not_overwritten_as_input(tmp_path: Path, way: str) -> None:
    video = tmp_path / 'annotated.mp4'
    with av.open(str(video), 'w') as container:
        stream = container.add_stream('libx264', rate=10)
        stream.width, stream.height = 64, 48
        picture = np.zeros((48, 64, 3), dtype=np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format='bgr24')))
        container.mux(stream.encode())
    source = video
    if way == 'link':
        source = tmp_path / 'link.mp4'
        source.symlink_to(video)
    elif way == 'folder':
        source = tmp_path
        video = tmp_path / 'contact_sheet.png'
        write_picture(video, picture)
    with started(str(source), '--output', str(tmp_path)) as demo:
        code, output = demo.finish(END_SECONDS)
    assert code == 2
    assert 'the output would overwrite' in output
    assert video.exists()


def test_pictures_of_different_sizes_all_get_results(tmp_path: Path) -> None:
    pictures = tmp_path / 'pictures'
    pictures.mkdir()
    for i, (width, height) in enumerate([(320, 240), (200, 300), (641, 479)]):
        picture = np.full((height, width, 3), 60 * i, dtype=np.uint8)
        cv2.imwrite(str(pictures / f'{i}.png'), picture)
    with started(str(pictures), '--rate', '2', '--output', str(tmp_path / 'output')) as demo:
        code, output = demo.finish()
        assert code == 0, output
        assert '3 frames sent, 3 results and 3 annotated images' in output
        assert demo.left_behind() == []


def test_ctrl_c_leaves_results_and_no_process(tmp_path: Path) -> None:
    with started('--output', str(tmp_path)) as demo:
        assert demo.process.stdout is not None
        while 'frame' not in demo.process.stdout.readline():
            assert demo.process.poll() is None
        demo.process.send_signal(signal.SIGINT)
        code, output = demo.finish(END_SECONDS)
        assert code == 130, output
        assert demo.left_behind() == []
    for name in ('annotated.mp4', 'contact_sheet.png', 'results.mcap'):
        assert (tmp_path / name).stat().st_size > 0


def test_dead_node_is_reported(tmp_path: Path) -> None:
    with started('--output', str(tmp_path)) as demo:
        assert demo.process.stdout is not None
        while 'frame' not in demo.process.stdout.readline():
            assert demo.process.poll() is None
        children = Path(f'/proc/{demo.process.pid}/task/{demo.process.pid}/children').read_text()
        # The node is started first.
        os.kill(int(children.split()[0]), signal.SIGKILL)
        code, output = demo.finish(END_SECONDS)
        assert code == 1
        assert 'the node ended with exit code -9' in output
        assert demo.left_behind() == []
