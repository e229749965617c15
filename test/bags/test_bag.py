# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect bag: the output of complete recordings."""

from __future__ import annotations

import csv
from dataclasses import replace
import json
from pathlib import Path
import shutil
import subprocess
import sys
import time
from typing import Any

import cv2
from demo_bag import DemoFrame, large_jpeg, ROOT
from made_bags import (
    DEMO_BAG,
    demo_messages,
    image_topic,
    IMAGES,
    read,
    RESULTS,
    SEEN,
    topics,
    write_bag,
    write_ros1_bag,
)
from made_media import write_clip
import numpy as np
import pytest

from face_affect.bags.batch.job import FileHash, Job, Options, read_information
from face_affect.bags.batch.processing import process_bag
from face_affect.bags.recordings import bag_reader
from face_affect.bags.recordings import message_types as messages_module
from face_affect.bags.recordings.bag_reader import BagRecording, TimedMessage, Topic
from face_affect.bags.recordings.message_types import (
    compressed_image,
    known_types,
    message_definition,
    result_to_cdr,
)
from face_affect.cli import main
from face_affect.core.codec import decode_result
from face_affect.core.faces import FrameResult
from face_affect.core.images import decode_compressed
from face_affect.core.pipeline import Pipeline
from face_affect.core.settings import ModelNames, Settings

PICTURES = '/face_affect/debug_image/compressed'


def process(source: Path, output: Path, **options: Any) -> Path:
    """Process a complete recording; return its output."""
    outcome = process_bag(Job(str(source), output, Options(**options)))
    assert (outcome.state, outcome.error) == ('done', ''), outcome
    return output


@pytest.fixture(scope='session')
def direct(demo_frames: list[DemoFrame]) -> list[FrameResult]:
    """Return the results of the pipeline itself for the images of the short bag."""
    pipeline = Pipeline()
    return [pipeline.process(demo_frames[i].image, demo_frames[i].stamp) for i in SEEN]


def assert_same(message: Any, result: FrameResult) -> None:
    assert (message.image_width, message.image_height) == (result.width, result.height)
    assert [face.id for face in message.faces] == [face.id for face in result.faces]
    for found, face in zip(message.faces, result.faces):
        region = found.roi
        assert (
            region.x_offset,
            region.y_offset,
            region.width,
            region.height,
        ) == face.detection.box.region(result.width, result.height)
        assert found.score == pytest.approx(face.detection.score)
        assert len(found.landmarks) == len(face.detection.landmarks)
        assert face.emotion and face.gender
        assert found.emotion.probabilities == pytest.approx(face.emotion.probabilities, abs=1e-6)
        assert found.gender.frame_probabilities == pytest.approx(
            face.gender.frame_probabilities, abs=1e-6
        )
        assert found.tracked_frames == face.frames


def test_results_are_the_pipelines_with_the_images_stamps_and_headers(
    short_bag: Path, tmp_path: Path, direct: list[FrameResult]
) -> None:
    output = process(short_bag, tmp_path / 'out')
    results, images = read(output), read(short_bag, IMAGES)
    assert topics(output) == {RESULTS}
    assert len(results) == len(images) == len(direct)
    assert sum(len(result.faces) for result in direct) > 40
    for (stamp, message), (image_stamp, image), expected in zip(results, images, direct):
        assert stamp == image_stamp
        assert message.header.stamp.nanosec == image.header.stamp.nanosec
        assert message.header.frame_id == image.header.frame_id == 'camera_optical_frame'
        assert_same(message, expected)
        back = decode_result(message)
        assert [face.emotion.label for face in back.faces if face.emotion] == [
            face.emotion.label for face in expected.faces if face.emotion
        ]


def test_run_and_bag_decode_the_same_video_bit_for_bit(
    demo_frames: list[DemoFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = tmp_path / 'walk.mp4'
    write_clip(video, [demo_frames[i].image for i in SEEN])
    seen: list[tuple[bytes, float, FrameResult]] = []
    process_image = Pipeline.process

    def recording(self: Pipeline, image: Any, stamp: float, reduction: int) -> FrameResult:
        result = process_image(self, image, stamp, reduction)
        seen.append((image.tobytes(), stamp, replace(result, timings={})))
        return result

    monkeypatch.setattr(Pipeline, 'process', recording)
    assert main(['run', str(video), '--no-output']) == 0
    run, seen = seen, []
    process(video, tmp_path / 'out')
    assert len(run) == len(SEEN)
    assert sum(len(result.faces) for *_, result in run) > 40
    assert run == seen


@pytest.mark.parametrize('keep', [False, True])
def test_a_video_is_encoded_only_where_its_images_are_kept(
    demo_frames: list[DemoFrame], tmp_path: Path, keep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = tmp_path / 'walk.mp4'
    write_clip(video, [demo_frames[i].image for i in SEEN[:5]])
    encoded = []
    encode = bag_reader.encode_jpeg
    monkeypatch.setattr(
        bag_reader, 'encode_jpeg', lambda image: encoded.append(image) or encode(image)
    )
    output = process(video, tmp_path / 'out', keep=keep)
    assert len(encoded) == (5 if keep else 0)
    assert topics(output) == {RESULTS, *([IMAGES] if keep else [])}


def test_a_recording_is_hashed_while_it_is_read(short_bag: Path, tmp_path: Path) -> None:
    job = Job(str(short_bag), tmp_path / 'out')
    steps: list[tuple[int, int, str]] = []
    assert process_bag(job, lambda *step: steps.append(step)).state == 'done'
    known = read_information(tmp_path / 'out')
    assert known and known['input']['sha256'] == FileHash(short_bag).hexdigest()
    assert steps[0] == (1, 20, 'frame'), 'no image waits for the hash'
    assert (20, 20, 'frame') in steps
    steps.clear()
    assert process_bag(job, lambda *step: steps.append(step)).state == 'skipped'
    assert {unit for *_, unit in steps} == {'B'}
    assert steps[-1][0] == steps[-1][1]


def test_ids_start_at_one(short_bag: Path, tmp_path: Path) -> None:
    results = read(process(short_bag, tmp_path / 'out'))
    assert {face.id for _, message in results for face in message.faces} == {1, 2, 3}


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_the_same_bag_gives_the_same_bytes(short_bag: Path, tmp_path: Path, storage: str) -> None:
    contents = []
    for run in ('first', 'second'):
        output = process(
            short_bag,
            tmp_path / run / 'out',
            storage=storage,
            keep=True,
            images=True,
            tables=('csv', 'parquet'),
        )
        contents.append({file.name: file.read_bytes() for file in output.iterdir()})
    assert set(contents[0]) == {
        'metadata.yaml',
        'faces.csv',
        'faces.parquet',
        'out.mcap' if storage == 'mcap' else 'out.db3',
    }
    assert contents[0] == contents[1]


@pytest.mark.parametrize('kind', ['sqlite3', 'ros1', 'file'])
def test_other_storages_give_the_same_results(short_bag: Path, tmp_path: Path, kind: str) -> None:
    if kind == 'sqlite3':
        source = write_bag(tmp_path / 'other', demo_messages(), storage='sqlite3')
    elif kind == 'ros1':
        source = write_ros1_bag(tmp_path / 'other.bag', demo_messages())
    else:
        source = Path(shutil.copy(short_bag / 'short.mcap', tmp_path))
    expected = read(process(short_bag, tmp_path / 'expected'))
    found = read(process(source, tmp_path / 'found'))
    assert [(stamp, repr(message)) for stamp, message in found] == [
        (stamp, repr(message)) for stamp, message in expected
    ]


def test_original_topics_are_kept_byte_by_byte(tmp_path: Path) -> None:
    output = process(
        DEMO_BAG,
        tmp_path / 'out',
        keep=True,
        settings=Settings(enable_emotion=False, enable_gender=False),
    )
    kept = [message for message in BagRecording(output).messages() if message.topic != RESULTS]
    assert kept == list(BagRecording(DEMO_BAG).messages())
    assert topics(output) == {IMAGES, '/camera/camera_info', RESULTS}


def test_kept_topics_of_ros1_become_those_of_ros2(short_bag: Path, tmp_path: Path) -> None:
    source = write_ros1_bag(tmp_path / 'other.bag', demo_messages(range(90, 93)))
    output = process(source, tmp_path / 'out', keep=True)
    assert list(BagRecording(output).messages([IMAGES])) == list(demo_messages(range(90, 93)))


def test_results_of_an_earlier_run_are_not_mixed_with_new_ones(
    short_bag: Path, tmp_path: Path
) -> None:
    first = process(short_bag, tmp_path / 'first', keep=True, images=True)
    second = process(
        first, tmp_path / 'second', keep=True, images=True, settings=Settings(enable_gender=False)
    )
    results = read(second)
    assert len(results) == len(SEEN) == len(read(second, PICTURES))
    assert not any(face.gender.confidence for _, message in results for face in message.faces)


def test_annotated_pictures(short_bag: Path, tmp_path: Path) -> None:
    output = process(short_bag, tmp_path / 'out', images=True)
    pictures = read(output, PICTURES)
    assert len(pictures) == len(SEEN)
    for (stamp, picture), (image_stamp, image) in zip(pictures, read(short_bag, IMAGES)):
        assert (stamp, picture.format) == (image_stamp, 'jpeg')
        annotated = cv2.imdecode(picture.data, cv2.IMREAD_COLOR)
        plain = cv2.imdecode(image.data, cv2.IMREAD_COLOR)
        assert annotated.shape == plain.shape
        assert np.abs(annotated.astype(int) - plain).max() > 60 or stamp == pictures[0][0]


@pytest.mark.parametrize('detect_far, reduction', [(False, 2), (True, 1)])
def test_a_large_jpeg_is_decoded_as_far_as_the_pipeline_needs(
    demo_frames: list[DemoFrame], tmp_path: Path, detect_far: bool, reduction: int
) -> None:
    jpeg = large_jpeg(demo_frames[100].image)
    settings = Settings(confirm_frames=1, detect_far=detect_far)
    source = write_bag(
        tmp_path / 'large', [TimedMessage(IMAGES, 10**9, compressed_image(jpeg, 10**9, 'camera'))]
    )
    output = process(source, tmp_path / 'out', settings=settings, images=True)
    image = decode_compressed(jpeg, reduction=reduction)
    expected = Pipeline(settings).process(image, 1.0, reduction)
    ((_, message),) = read(output)
    assert_same(message, expected)
    assert (message.image_width, message.image_height, len(message.faces)) == (4096, 2160, 3)
    ((_, picture),) = read(output, PICTURES)
    annotated = cv2.imdecode(picture.data, cv2.IMREAD_COLOR)
    assert annotated.shape == image.shape
    # Drawn where the faces are
    changed = (cv2.absdiff(annotated, image) > 60).any(axis=2)
    for face in expected.faces:
        box = face.detection.box.scaled(1 / reduction)
        assert changed[round(box.y) : round(box.y + box.height), round(box.x)].mean() > 0.8


def test_tables_say_what_the_bag_says(short_bag: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip('pyarrow.parquet')
    output = process(short_bag, tmp_path / 'out', tables=('csv', 'parquet'))
    with (output / 'faces.csv').open(newline='') as stream:
        lines = list(csv.DictReader(stream))
    columns = parquet.read_table(output / 'faces.parquet').to_pylist()
    faces = [(message, face) for _, message in read(output) for face in message.faces or [None]]
    assert len(lines) == len(columns) == len(faces) > 40
    assert lines[0]['id'] == '' and columns[0]['id'] is None  # The first image confirms no face.
    for line, column, (message, face) in zip(lines, columns, faces):
        stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        assert int(line['stamp_ns']) == column['stamp_ns'] == stamp
        if face is None:
            continue
        assert int(line['id']) == column['id'] == face.id
        assert float(line['happy']) == pytest.approx(face.emotion.probabilities[3], abs=1e-6)
        assert column['happy'] == pytest.approx(face.emotion.probabilities[3])
        assert line['gender'] == column['gender']
        assert float(line['width']) == pytest.approx(face.roi.width, abs=2)


def test_video(tmp_path: Path, demo_frames: list[DemoFrame]) -> None:
    write_clip(tmp_path / 'walk.mp4', [frame.image for frame in demo_frames[95:105]])
    output = process(tmp_path / 'walk.mp4', tmp_path / 'out', keep=True)
    results = read(output)
    assert [stamp for stamp, _ in results] == [round(i * 1e9 / 15) for i in range(10)]
    assert [len(message.faces) for _, message in results] == [0] + [3] * 9
    assert len(read(output, IMAGES)) == 10


def test_pace_of_the_recording(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'bag', demo_messages(range(9)))
    start = time.monotonic()
    paced = process(source, tmp_path / 'paced' / 'out', pace=True)
    assert time.monotonic() - start >= 8 / 15
    fast = process(source, tmp_path / 'fast' / 'out')
    assert (paced / 'out.mcap').read_bytes() == (fast / 'out.mcap').read_bytes()


def test_a_complete_output_is_skipped_until_something_changes(
    short_bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ['bag', str(short_bag), '-o', str(tmp_path / 'out')]
    assert main(command) == 0
    before = (tmp_path / 'out' / 'out.mcap').stat().st_mtime_ns
    assert main(command) == 0
    assert 'skipped, 20 frames, 20 results' in capsys.readouterr().err
    assert main([*command, '--smoothing-time', '0']) == 2
    assert '--overwrite replaces it' in capsys.readouterr().err
    assert (tmp_path / 'out' / 'out.mcap').stat().st_mtime_ns == before
    assert main([*command, '--smoothing-time', '0', '--overwrite']) == 0
    known = read_information(tmp_path / 'out')
    assert known and known['settings']['smoothing_time'] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ['out']


def test_an_output_of_another_model_or_recording_is_not_skipped(
    short_bag: Path, tmp_path: Path
) -> None:
    process(short_bag, tmp_path / 'out')
    other = Options(models=ModelNames(emotion='emotion_mini_xception'))
    assert process_bag(Job(str(short_bag), tmp_path / 'out', other)).state == 'failed'
    source = write_bag(tmp_path / 'short', demo_messages(range(90, 93)))
    assert process_bag(Job(str(source), tmp_path / 'out')).state == 'failed'


def test_metadata_have_settings_models_and_drops(short_bag: Path, tmp_path: Path) -> None:
    known = read_information(process(short_bag, tmp_path / 'out'))
    assert known is not None
    assert (known['complete'], known['frames'], known['dropped']) == (True, 20, {})
    assert known['settings']['confirm_frames'] == 2
    assert known['topic'] == IMAGES
    for task in ('emotion', 'gender'):
        name = getattr(ModelNames(), task)
        sidecar = json.loads((ROOT / 'models' / f'{name}.json').read_text())
        assert known['models'][task]['sha256'] == sidecar['sha256']


def test_needs_no_ros(short_bag: Path, tmp_path: Path) -> None:
    code = (
        'import sys\n'
        'for name in ("rclpy", "ament_index_python", "face_affect_msgs", "sensor_msgs"):\n'
        '    sys.modules[name] = None\n'
        'from face_affect.cli import main\n'
        'sys.exit(main(sys.argv[1:]))\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, 'bag', str(short_bag), '-o', str(tmp_path / 'out'), '--csv'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert len(read(tmp_path / 'out')) == len(SEEN)


def test_several_image_topics_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Topic(
        '/other/image', 'sensor_msgs/msg/Image', *message_definition('sensor_msgs/msg/Image')
    )
    source = write_bag(tmp_path / 'two', demo_messages(range(3)), other)
    assert main(['bag', str(source), '-o', str(tmp_path / 'out')]) == 0
    assert f'read {IMAGES}; --topic chooses another one: /other/image' in capsys.readouterr().err
    assert main(['bag', str(source), '-o', str(tmp_path / 'b'), '--topic', '/other/image']) == 0
    assert '0 frames' in capsys.readouterr().err


def test_images_without_a_stamp_use_the_time_of_recording(tmp_path: Path) -> None:
    source = BagRecording(DEMO_BAG)
    unstamped = []
    for message in demo_messages(range(90, 100)):
        image = source.parse(message)
        image.header.stamp.sec = image.header.stamp.nanosec = 0
        unstamped.append(
            TimedMessage(
                IMAGES,
                message.stamp,
                bytes(known_types().serialize_cdr(image, image_topic().type)),
            )
        )
    results = read(process(write_bag(tmp_path / 'bag', unstamped), tmp_path / 'out'))
    last = results[-1][1].faces[0].tracked_for
    assert last.sec * 10**9 + last.nanosec == pytest.approx(9e9 / 15, rel=1e-3)
    assert results[-1][1].header.stamp.sec == 0


def test_fields_added_by_a_later_version_of_the_messages_stay_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, direct: list[FrameResult]
) -> None:
    shutil.copytree(ROOT / 'face_affect_msgs' / 'msg', tmp_path / 'msg')
    with (tmp_path / 'msg' / 'FaceAffect.msg').open('a') as stream:
        stream.write('bool has_more\ngeometry_msgs/Vector3[2] more\nstring note "-"\n')
    monkeypatch.setattr(messages_module, 'definitions_folder', lambda: tmp_path / 'msg')
    known_types.cache_clear()
    try:
        data = result_to_cdr(direct[-1], 0, 'camera')
        message: Any = known_types().deserialize_cdr(data, messages_module.RESULT_TYPE)
    finally:
        known_types.cache_clear()
    assert_same(message, direct[-1])
    assert not message.faces[0].has_more
