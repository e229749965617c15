# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""face-affect bag with damaged, unusual or missing inputs: clear errors, no silent loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

import cv2
from demo_bag import ROOT
from made_bags import (
    DEMO_BAG,
    demo_messages,
    image_topic,
    IMAGES,
    read,
    SEEN,
    write_bag,
    write_ros1_bag,
)
import numpy as np
import pytest

from face_affect.bags.analysis.keyframes import picture_topic
from face_affect.bags.batch.job import Job, Options, read_information
from face_affect.bags.batch.processing import choose_topic, process_bag
from face_affect.bags.recordings.bag_reader import (
    BagRecording,
    RecordingError,
    TimedMessage,
    Topic,
)
from face_affect.bags.recordings.bag_writer import BagWriter
from face_affect.bags.recordings.message_types import (
    compressed_image,
    LATCHED,
    message_definition,
    new_message,
    serialise,
)
from face_affect.cli import main
from face_affect.core.images import encode_jpeg
from face_affect.outputs import OutputError, work_folder

SECONDS = 60.0


def command(*arguments: object) -> list[str]:
    return [sys.executable, '-m', 'face_affect.cli', 'bag', *map(str, arguments)]


def wait_for(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


# Broken recordings


@pytest.fixture
def cut_bag(tmp_path: Path) -> Path:
    """Return a bag without metadata that ends in the middle of a chunk."""
    source = write_bag(tmp_path / 'whole', demo_messages(range(60, 200)))
    data = (source / 'whole.mcap').read_bytes()
    path = tmp_path / 'cut.mcap'
    path.write_bytes(data[: len(data) * 2 // 3])
    return path


def test_results_before_the_truncation_of_an_mcap_are_kept(
    cut_bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['bag', str(cut_bag), '-o', str(tmp_path / 'out')]) == 1
    message = capsys.readouterr().err
    assert f'bag {cut_bag} breaks off: the file ends in the middle of a record' in message
    assert f'`mcap recover {cut_bag} -o NEW.mcap` writes what is readable' in message
    results, images = read(tmp_path / 'out'), list(demo_messages(range(60, 200)))
    assert 30 < len(results) < 100
    assert [stamp for stamp, _ in results] == [image.stamp for image in images[: len(results)]]
    known = read_information(tmp_path / 'out')
    assert known and not known['complete'] and 'breaks off' in known['error']


def test_a_truncated_mcap_keeps_the_durability_of_topics(tmp_path: Path) -> None:
    topics = [
        replace(image_topic(), name=name, qos=qos)
        for name, qos in (('/latched', LATCHED), ('/other', ()))
    ]
    messages = [
        replace(message, topic=topic.name)
        for message in demo_messages(range(60, 200))
        for topic in topics
    ]
    path = write_bag(tmp_path / 'bag', messages, *topics) / 'bag.mcap'
    whole = {topic.name: topic.latched for topic in BagRecording(path).topics}
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    cut = {topic.name: topic.latched for topic in BagRecording(path).topics if topic.count}
    assert cut['/latched'] is whole['/latched'] is True
    assert cut['/other'] is whole['/other'] is False


def test_a_truncated_mcap_with_metadata(cut_bag: Path, tmp_path: Path) -> None:
    shutil.copy(cut_bag, tmp_path / 'whole' / 'whole.mcap')
    outcome = process_bag(Job(str(tmp_path / 'whole'), tmp_path / 'out'))
    assert (outcome.state, len(read(tmp_path / 'out'))) == ('partial', outcome.results)


def test_a_partial_output_is_replaced_once_the_recording_is_complete(
    cut_bag: Path, tmp_path: Path
) -> None:
    assert process_bag(Job(str(cut_bag), tmp_path / 'out')).state == 'partial'
    shutil.copy(tmp_path / 'whole' / 'whole.mcap', cut_bag)
    assert process_bag(Job(str(cut_bag), tmp_path / 'out')).state == 'done'
    assert len(read(tmp_path / 'out')) == 140


def test_a_finished_output_is_not_replaced_by_a_partial_one(cut_bag: Path, tmp_path: Path) -> None:
    whole = tmp_path / 'whole' / 'whole.mcap'
    assert process_bag(Job(str(whole), tmp_path / 'out')).state == 'done'
    outcome = process_bag(Job(str(cut_bag), tmp_path / 'out', Options(overwrite=True)))
    assert outcome.state == 'partial'
    assert outcome.notes == (f'kept the complete output {tmp_path / "out"} of an earlier run',)
    assert len(read(tmp_path / 'out')) == 140


@pytest.mark.parametrize(
    'name, content, reason',
    [
        ('a.mcap', b'', 'seems to be empty'),
        ('a.mcap', b'no bag at all' * 10, 'File magic is invalid'),
        ('a.mcap', b'\x89MCAP0\r\n', 'cannot read bag'),
        ('a.db3', b'', 'missing tables'),
        ('a.db3', b'no database' * 100, 'file is not a database'),
        ('a.bag', b'#ROSBAG V2.0\n', 'cannot read bag'),
        ('a.bag', b'no bag', 'File magic is invalid'),
        ('a.mp4', b'no video', 'cannot open'),
        ('a.txt', b'a text', 'cannot open'),
    ],
)
def test_a_file_that_is_not_a_recording_is_refused(
    tmp_path: Path, name: str, content: bytes, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    assert main(['bag', str(tmp_path / name), '-o', str(tmp_path / 'out')]) == 2
    message = capfd.readouterr().err
    assert f'{tmp_path / name}' in message and reason in message
    assert 'Traceback' not in message
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_video_that_is_shorter_than_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / 'cut.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10, (320, 240))
    for seed in range(20):
        writer.write(np.random.default_rng(seed).integers(0, 255, (240, 320, 3), np.uint8))
    writer.release()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert main(['bag', str(path), '-o', str(tmp_path / 'out')]) == 0
    known = read_information(tmp_path / 'out')
    assert known and known['announced'] == 20 and 5 < known['frames'] < 15
    assert f'announces 20 images, but has {known["frames"]}' in capsys.readouterr().err


@pytest.mark.parametrize('damage', ['cut', 'zeros'])
def test_results_before_the_damage_of_a_sqlite3_file_are_kept(tmp_path: Path, damage: str) -> None:
    bag = write_bag(tmp_path / 'bag', demo_messages(), storage='sqlite3')
    path = bag / 'bag.db3'
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    if damage == 'cut':
        del data[middle:]
    else:
        data[middle : middle + 50_000] = bytes(50_000)
    path.write_bytes(data)
    outcome = process_bag(Job(str(bag), tmp_path / 'out'))
    assert outcome.state == 'partial' and 'breaks off' in outcome.error
    assert f'`sqlite3 {path} .recover | sqlite3 NEW.db3`' in outcome.error
    assert 5 <= outcome.results < len(SEEN)
    assert [stamp for stamp, _ in read(tmp_path / 'out')] == [
        message.stamp for message in demo_messages()
    ][: outcome.results]


def test_a_truncated_bag_of_ros1_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_ros1_bag(tmp_path / 'cut.bag', demo_messages())
    path.write_bytes(path.read_bytes()[:100_000])
    assert main(['bag', str(path), '-o', str(tmp_path / 'out')]) == 2
    assert 'cannot read bag' in capsys.readouterr().err


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
def test_broken_metadata_are_reported_and_no_image_is_lost(tmp_path: Path, storage: str) -> None:
    bag = write_bag(tmp_path / 'bag', demo_messages(), storage=storage)
    (bag / 'metadata.yaml').write_text('rosbag2_bagfile_information: {')
    outcome = process_bag(Job(str(bag), tmp_path / 'out'))
    assert (outcome.state, outcome.results) == ('partial', len(SEEN))
    assert 'Could not load YAML' in outcome.error


def test_a_missing_file_of_a_split_bag_is_reported(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', demo_messages())
    text = (bag / 'metadata.yaml').read_text()
    (bag / 'metadata.yaml').write_text(
        text.replace(
            'relative_file_paths:\n  - bag.mcap',
            'relative_file_paths:\n  - bag.mcap\n  - b_1.mcap',
        )
    )
    outcome = process_bag(Job(str(bag), tmp_path / 'out'))
    assert outcome.state == 'partial'
    assert 'files are missing' in outcome.error


def test_sqlite3_without_metadata(tmp_path: Path) -> None:
    """The folder, as rosbag2 names its files, or the file alone."""
    bag = write_bag(tmp_path / 'bag', demo_messages(), storage='sqlite3')
    (bag / 'metadata.yaml').unlink()
    (bag / 'bag.db3').rename(bag / 'bag_0.db3')
    for number, source in enumerate((bag, bag / 'bag_0.db3')):
        outcome = process_bag(Job(str(source), tmp_path / f'out{number}'))
        assert (outcome.state, outcome.results) == ('done', len(SEEN))


def test_split_bag_without_metadata(tmp_path: Path) -> None:
    bag = tmp_path / 'bag'
    bag.mkdir()
    for number, frames in enumerate((range(90, 100), range(100, 110))):
        part = write_bag(tmp_path / f'part{number}', demo_messages(frames))
        (part / f'part{number}.mcap').rename(bag / f'bag_{number}.mcap')
    outcome = process_bag(Job(str(bag), tmp_path / 'out'))
    assert (outcome.state, outcome.results) == ('done', 20)
    assert [stamp for stamp, _ in read(tmp_path / 'out')] == [
        message.stamp for message in demo_messages()
    ]


# Unusual contents


def test_messages_of_unknown_types_are_copied(tmp_path: Path) -> None:
    strange = [
        Topic('/strange', 'my_msgs/msg/Strange'),
        Topic('/broken', 'my_msgs/msg/Broken', 'not a definition!\n', 'RIHS01_1'),
    ]
    mixed = []
    for message in demo_messages():
        mixed += [
            message,
            *(TimedMessage(topic.name, message.stamp, b'\0\1\0\0data') for topic in strange),
        ]
    source = write_bag(tmp_path / 'bag', mixed, *strange)
    outcome = process_bag(Job(str(source), tmp_path / 'out', Options(keep=True)))
    assert (outcome.state, outcome.results, outcome.dropped) == ('done', len(SEEN), {})
    kept = BagRecording(tmp_path / 'out').messages(['/strange', '/broken'])
    assert list(kept) == [message for message in mixed if message.topic != IMAGES]


def test_wrong_topic(short_bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['bag', str(short_bag), '-o', str(tmp_path / 'out'), '--topic', '/no']) == 2
    message = capsys.readouterr().err
    assert 'has no image topic /no; it has ' + IMAGES in message
    assert not list(tmp_path.iterdir())


def test_no_images(short_bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / 'results'
    assert process_bag(Job(str(short_bag), results)).state == 'done'
    assert main(['bag', str(results), '-o', str(tmp_path / 'out')]) == 2
    assert 'has no image topic; it has /face_affect/faces' in capsys.readouterr().err


def test_image_files_are_not_a_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'a.jpg').write_bytes(encode_jpeg(np.zeros((48, 64, 3), dtype=np.uint8)))
    assert main(['bag', str(tmp_path / 'a.jpg'), '-o', str(tmp_path / 'out')]) == 2
    assert 'use face-affect run' in capsys.readouterr().err


def test_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['bag', str(tmp_path / 'no'), '-o', str(tmp_path / 'out')]) == 2
    assert 'no such file or folder' in capsys.readouterr().err


def small_image(stamp: int) -> TimedMessage:
    jpeg = encode_jpeg(np.zeros((48, 64, 3), dtype=np.uint8))
    return TimedMessage(IMAGES, stamp, compressed_image(jpeg, stamp, 'camera'))


def test_frames_that_give_no_result_are_counted_by_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    messages = list(demo_messages(range(90, 100)))
    messages[2] = TimedMessage(IMAGES, messages[2].stamp, b'\0\1\0\0\1')
    messages[4] = TimedMessage(IMAGES, messages[4].stamp, compressed_image(b'no jpeg', 1, ''))
    messages[6] = small_image(messages[6].stamp)
    source = write_bag(tmp_path / 'bag', messages)
    assert main(['bag', str(source), '-o', str(tmp_path / 'out')]) == 0
    message = capsys.readouterr().err
    # The size changes, and changes back.
    assert '10 frames, 6 results, dropped: 1 malformed, 2 size_changed, 1 undecodable' in message
    assert (
        'note: undecodable: cannot decode 7 bytes of unknown format that begin with 6e 6f'
        in message
    )
    assert [stamp for stamp, _ in read(tmp_path / 'out')] == [
        messages[i].stamp for i in (0, 1, 3, 5, 8, 9)
    ]
    known = read_information(tmp_path / 'out')
    assert known and known['dropped'] == {'malformed': 1, 'size_changed': 2, 'undecodable': 1}


def test_each_swapped_pair_of_images_costs_one_image_and_no_id(tmp_path: Path) -> None:
    messages = list(demo_messages())
    stamps = [message.stamp for message in messages]
    for i in (5, 12):
        messages[i], messages[i + 1] = messages[i + 1], messages[i]
    swapped = [
        TimedMessage(IMAGES, stamp, message.data) for stamp, message in zip(stamps, messages)
    ]
    source = write_bag(tmp_path / 'bag', swapped)
    outcome = process_bag(Job(str(source), tmp_path / 'out'))
    assert (outcome.state, outcome.dropped) == ('done', {'late': 2})
    results = [message for _, message in read(tmp_path / 'out')]
    assert {face.id for result in results for face in result.faces} == {1, 2, 3}


def test_a_bag_with_all_images_dropped_gives_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stamps = [message.stamp for message in demo_messages(range(90, 93))]
    source = write_bag(
        tmp_path / 'bag',
        [
            TimedMessage(IMAGES, stamp, compressed_image(b'GIF89a..', stamp, ''))
            for stamp in stamps
        ],
    )
    for _ in range(2):  # also if the output is complete already
        assert main(['bag', str(source), '-o', str(tmp_path / 'out')]) == 1
        assert '3 frames, 0 results, dropped: 3 undecodable' in capsys.readouterr().err


def test_the_limit_of_the_image_size_is_an_option(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'bag', demo_messages(range(90, 92)))
    few = Options(max_image_pixels=640 * 480 - 1)
    outcome = process_bag(Job(str(source), tmp_path / 'out', few))
    assert outcome.dropped == {'bad_size': 2}
    enough = Options(max_image_pixels=640 * 480, overwrite=True)
    assert process_bag(Job(str(source), tmp_path / 'out', enough)).dropped == {}


def test_a_limit_out_of_range_is_refused(
    short_bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ['bag', str(short_bag), '-o', str(tmp_path / 'out'), '--max-image-pixels', '0']
    assert main(arguments) == 2
    assert 'max_image_pixels is 0, but must be from 1 to 67108864' in capsys.readouterr().err


def raw_topic(name: str, encoding: str) -> tuple[Topic, TimedMessage]:
    kind = 'sensor_msgs/msg/Image'
    image = new_message(kind)
    image.width, image.height, image.step, image.encoding = 4, 4, 16, encoding
    image.data = np.zeros(64, np.uint8)
    topic = Topic(name, kind, *message_definition(kind))
    return topic, TimedMessage(name, 1, serialise(image, kind))


@pytest.mark.parametrize(
    'others, chosen',
    [
        (
            [('/camera/depth/image_raw', '16UC1'), ('/camera/image_raw', 'bgr8')],
            '/camera/image_raw',
        ),
        ([('/a', '32FC1'), ('/b', 'bgr8')], '/b'),
        ([('/a', '16UC1'), ('/b', 'mono16')], '/b'),
        ([('/infrared', '16UC1')], '/infrared'),
        ([('/b', 'rgb8'), ('/a', 'bgr8')], '/b'),
    ],
)
def test_colour_images_are_preferred_to_depth_images(
    tmp_path: Path, others: list[tuple[str, str]], chosen: str
) -> None:
    pairs = [raw_topic(*other) for other in others]
    with BagWriter(tmp_path / 'bag') as bag:
        for topic, _ in pairs:
            bag.advertise(topic)
        for _, message in pairs:
            bag.write(message)
        bag.close()
    topic, note = choose_topic(BagRecording(tmp_path / 'bag'), None, 'bag')
    assert topic.name == chosen
    assert all(name in note for name, _ in others if len(others) > 1)


def test_key_frames_are_not_taken_from_depth_images(tmp_path: Path) -> None:
    pairs = [raw_topic('/camera/depth/image_raw', '16UC1'), raw_topic('/camera/image', 'bgr8')]
    with BagWriter(tmp_path / 'bag') as bag:
        for topic, _ in pairs:
            bag.advertise(topic)
        for _, message in pairs:
            bag.write(message)
        bag.close()
    topic = picture_topic(BagRecording(tmp_path / 'bag'))
    assert topic is not None and topic.name == '/camera/image'
    only = BagRecording(tmp_path / 'bag', ['/camera/depth/image_raw'])
    assert picture_topic(only) is None


def test_depth_images_alone_must_be_chosen_by_name(tmp_path: Path) -> None:
    topic, message = raw_topic('/camera/aligned_depth_to_color/image_raw', '16UC1')
    with BagWriter(tmp_path / 'bag') as bag:
        bag.advertise(topic)
        bag.write(message)
        bag.close()
    recording = BagRecording(tmp_path / 'bag')
    with pytest.raises(RecordingError, match=r'depth images only .*--topic'):
        choose_topic(recording, None, 'bag')
    assert choose_topic(recording, topic.name, 'bag')[0].name == topic.name


def test_a_split_bag_in_a_renamed_folder_is_one_recording(tmp_path: Path) -> None:
    folder = tmp_path / 'kitchen'
    folder.mkdir()
    for part in range(2):
        messages = demo_messages(range(90 + 5 * part, 95 + 5 * part))
        source = write_bag(tmp_path / f'part{part}', messages)
        (file,) = source.glob('*.mcap')
        file.rename(folder / f'rosbag2_2026_01_01_{part}.mcap')
    (tmp_path / 'link').symlink_to(folder)
    for name in ('kitchen', 'link'):
        output = tmp_path / f'{name}_out'
        assert main(['bag', str(tmp_path / name), '-o', str(output)]) == 0
        assert len(read(output)) == 10


@pytest.mark.parametrize(
    'name, content, reason',
    [
        ('packed.mcap.zstd', b'\x28\xb5\x2f\xfd' + bytes(50), 'zstd -d'),
        ('empty.mp4', b'', 'is empty'),
        ('noise', b'\x13\x37' * 50, 'nor a video'),
    ],
)
def test_the_reason_for_refusing_a_file_is_given(
    tmp_path: Path, name: str, content: bytes, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    assert main(['bag', str(tmp_path / name), '-o', str(tmp_path / 'out')]) == 2
    assert reason in capsys.readouterr().err


def test_an_empty_name_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['bag', '', '-o', str(tmp_path / 'out')]) == 2
    assert 'the name of a recording is empty' in capsys.readouterr().err


def test_raw_images_of_unknown_encoding(tmp_path: Path) -> None:
    kind = 'sensor_msgs/msg/Image'
    image = new_message(kind)
    image.width = image.height = image.step = 4
    image.encoding = '32FC7'
    raw = TimedMessage('/raw', 1, serialise(image, kind))
    source = write_bag(tmp_path / 'bag', [raw], Topic('/raw', kind, *message_definition(kind)))
    outcome = process_bag(Job(str(source), tmp_path / 'out', Options(topic='/raw')))
    assert (outcome.state, outcome.dropped) == ('done', {'unknown_encoding': 1})


# The path of the output


def test_a_folder_that_is_not_an_output_is_never_replaced(
    short_bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'thesis.txt').write_text('done')
    assert main(['bag', str(short_bag), '-o', str(tmp_path / 'out'), '--overwrite']) == 2
    assert 'is not an output of face-affect bag' in capsys.readouterr().err
    assert (tmp_path / 'out' / 'thesis.txt').exists()


def test_two_writers_on_one_output(
    short_bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with work_folder(tmp_path / 'out'):
        assert main(['bag', str(short_bag), '-o', str(tmp_path / 'out')]) == 2
    assert f'cannot write {tmp_path / "out"}: another process is writing it' in (
        capsys.readouterr().err
    )
    assert not list(tmp_path.iterdir())
    assert main(['bag', str(short_bag), '-o', str(tmp_path / 'out')]) == 0


def test_a_lock_ends_with_its_holder(tmp_path: Path) -> None:
    with work_folder(tmp_path / 'out') as folder:
        (folder / 'out').mkdir()
        with pytest.raises(OutputError), work_folder(tmp_path / 'out'):
            pass
        assert (folder / 'out').exists()
    with work_folder(tmp_path / 'out') as folder:
        assert not list(folder.iterdir())


def test_no_place_to_write(
    short_bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'file').write_text('in the way')
    assert main(['bag', str(short_bag), '-o', str(tmp_path / 'file' / 'out')]) == 2
    assert 'cannot write' in capsys.readouterr().err


@pytest.mark.parametrize(
    'options',
    [['--keep'], ['--keep', '--storage', 'sqlite3'], ['--csv'], ['--parquet']],
    ids=' '.join,
)
def test_a_full_disk_leaves_no_output(short_bag: Path, tmp_path: Path, options: list[str]) -> None:
    # Blocks of 1024 bytes: less than the copied images, the table or the results need
    limit = '4' if len(options) == 1 and '--keep' not in options else '100'
    done = subprocess.run(
        [
            'bash',
            '-c',
            f'ulimit -f {limit}; exec "$@"',
            '-',
            *command(short_bag, '-o', tmp_path / 'out', *options),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 2, done.stderr
    assert 'face-affect: error: ' in done.stderr
    assert 'Traceback' not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
def test_a_signal_leaves_a_valid_bag(tmp_path: Path, number: signal.Signals) -> None:
    output = tmp_path / 'out'
    # A background job may ignore SIGINT, which its children inherit.
    with subprocess.Popen(
        command(DEMO_BAG, '-o', output, '--pace', '--keep'),
        cwd=ROOT,
        text=True,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    ) as process:
        # A chunk of the bag is on disk.
        wait_for(
            lambda: any(
                file.stat().st_size > 1000 for file in tmp_path.glob('.out.*.writing/out/out.mcap')
            ),
            process,
        )
        process.send_signal(number)
        _, text = process.communicate(timeout=SECONDS)
    assert process.returncode == 128 + number, text
    assert 'interrupted' in text and 'Traceback' not in text
    results = read(output)
    assert 0 < len(results) < 255
    assert len(results) == len(read(output, IMAGES))
    known = read_information(output)
    assert known and not known['complete']
    assert sorted(path.name for path in tmp_path.iterdir()) == ['out']


def test_a_killed_process_leaves_no_output_and_no_lock(short_bag: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        command(DEMO_BAG, '-o', tmp_path / 'out', '--pace'),
        cwd=ROOT,
        text=True,
        stderr=subprocess.PIPE,
    ) as process:
        wait_for(lambda: list(tmp_path.glob('.out.*.writing/out')), process)
        process.kill()
    assert not (tmp_path / 'out').exists()
    assert process_bag(Job(str(short_bag), tmp_path / 'out')).state == 'done'
    assert [path.name for path in tmp_path.iterdir()] == ['out']


@pytest.mark.parametrize(
    'package, option, extra', [('pyarrow', '--parquet', 'parquet'), ('rosbags', '--csv', 'bags')]
)
def test_a_missing_package_is_named_with_the_command_to_install_it(
    short_bag: Path, tmp_path: Path, package: str, option: str, extra: str
) -> None:
    code = (
        f'import sys; sys.modules["{package}"] = None\n'
        'from face_affect.cli import main; sys.exit(main(sys.argv[1:]))'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, 'bag', str(short_bag), '-o', str(tmp_path / 'out'), option],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 2
    assert f'needs {package}: pip install {package}' in done.stderr
    assert f"pip install '.[{extra}]'" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    'options, reason',
    [
        (['--threshold', '2'], 'detection_threshold is 2.0'),
        (['--workers', '-1'], '--workers is -1'),
        (['--emotion-model', 'none'], "no model 'none'"),
    ],
)
def test_wrong_option(
    short_bag: Path,
    tmp_path: Path,
    options: list[str],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(['bag', str(short_bag), '-o', str(tmp_path / 'out'), *options]) == 2
    assert reason in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
