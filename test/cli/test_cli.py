# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import argparse
from dataclasses import fields
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

import cv2
from demo_bag import DemoFrame, ROOT
from made_media import grey, write_clip, write_mjpeg, write_video
import numpy as np
import pytest

from face_affect.cli import main
from face_affect.commands.pipeline_options import add_pipeline_options, models_of, settings_of
from face_affect.core.annotation import SHEET_GAP, SHEET_LINE, SHEET_TILE
from face_affect.core.faces import EMOTIONS, GENDERS
from face_affect.core.models import available_models
from face_affect.core.saliency import saliency_path
from face_affect.core.settings import ModelNames, Settings
from face_affect.media import open_media

VIDEO_FRAMES = 20


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let results without a name of their own fall into the test's folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def picture(tmp_path: Path, demo_frames: list[DemoFrame]) -> Path:
    """Return a picture with three faces."""
    path = tmp_path / 'three.jpg'
    path.write_bytes(demo_frames[100].jpeg)
    return path


@pytest.fixture
def folder(tmp_path: Path, demo_frames: list[DemoFrame]) -> Path:
    """Return a folder of three pictures, of 0, 3 and 2 faces, and a text."""
    path = tmp_path / 'pictures'
    path.mkdir()
    for name, index in (('a.jpg', 0), ('b.jpg', 100), ('c.JPG', 165)):
        (path / name).write_bytes(demo_frames[index].jpeg)
    (path / 'notes.txt').write_text('no picture')
    return path


@pytest.fixture
def video(tmp_path: Path, demo_frames: list[DemoFrame]) -> Path:
    """Return a short video with three faces throughout."""
    path = tmp_path / 'walk.mp4'
    return write_clip(path, [frame.image for frame in demo_frames[95 : 95 + VIDEO_FRAMES]])


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def check_schema(frame: dict[str, Any]) -> None:
    assert set(frame) - {'file'} == {'frame', 'stamp', 'faces'}
    assert isinstance(frame['frame'], int)
    assert isinstance(frame['stamp'], float)
    for face in frame['faces']:
        assert set(face) == {'id', 'box', 'score', 'emotion', 'gender'}
        assert isinstance(face['id'], int) and face['id'] > 0
        assert len(face['box']) == 4
        assert all(isinstance(value, float) for value in face['box'])
        assert 0 < face['score'] <= 1
        for task, labels in (('emotion', EMOTIONS), ('gender', GENDERS)):
            if face[task] is not None:
                assert set(face[task]) == {'label', 'confidence', 'probabilities'}
                assert face[task]['label'] in (*labels, 'unknown')
                assert tuple(face[task]['probabilities']) == labels
                assert max(face[task]['probabilities'].values()) == face[task]['confidence']
                assert sum(face[task]['probabilities'].values()) == pytest.approx(1, abs=1e-3)


def test_picture(picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['run', str(picture)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all('emotion' in line and 'gender' in line and 'box' in line for line in lines)
    written = cv2.imread(str(tmp_path / 'three_annotated.jpg'))
    assert written.shape == (480, 640, 3)
    assert np.abs(written.astype(int) - cv2.imread(str(picture))).max() > 100


def test_picture_as_json(
    picture: Path, demo_frames: list[DemoFrame], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['run', str(picture), '--json', '--no-output']) == 0
    (frame,) = objects(capsys.readouterr().out)
    check_schema(frame)
    assert (frame['frame'], frame['stamp'], len(frame['faces'])) == (0, 0.0, 3)
    assert all(face['emotion'] and face['gender'] for face in frame['faces'])
    centres = sorted(face['box'][0] + face['box'][2] / 2 for face in frame['faces'])
    expected = sorted(face.box.centre[0] for face in demo_frames[100].faces)
    assert centres == pytest.approx(expected, abs=15)


def test_no_output_writes_nothing(picture: Path, tmp_path: Path) -> None:
    assert main(['run', str(picture), '--no-output']) == 0
    assert [path.name for path in tmp_path.iterdir()] == ['three.jpg']


@pytest.mark.parametrize('option, task', [('--no-emotion', 'emotion'), ('--no-gender', 'gender')])
def test_task_off(
    picture: Path, option: str, task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['run', str(picture), '--json', '--no-output', option]) == 0
    (frame,) = objects(capsys.readouterr().out)
    check_schema(frame)
    other = {'emotion': 'gender', 'gender': 'emotion'}[task]
    assert [face[task] for face in frame['faces']] == [None] * 3
    assert all(face[other] for face in frame['faces'])
    assert main(['run', str(picture), '--no-output', option]) == 0
    assert f'{task} -' in capsys.readouterr().out


def test_folder(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / 'out' / 'deep'
    assert main(['run', str(folder), '--json', '-o', str(out)]) == 0
    frames = objects(capsys.readouterr().out)
    for frame in frames:
        check_schema(frame)
    assert [frame['frame'] for frame in frames] == [0, 1, 2]
    assert [len(frame['faces']) for frame in frames] == [0, 3, 2]
    ids = [face['id'] for frame in frames for face in frame['faces']]
    assert len(set(ids)) == 5
    assert sorted(path.name for path in out.iterdir()) == ['a.jpg', 'b.jpg', 'c.JPG']


def test_a_video_can_be_read_again(video: Path) -> None:
    media = open_media(str(video))
    first, second = ([picture.decode() for picture in media] for _ in range(2))
    assert len(first) == len(second) == len(media) == VIDEO_FRAMES
    np.testing.assert_array_equal(first, second)


def test_a_broken_frame_is_counted_and_the_video_goes_on(
    demo_frames: list[DemoFrame], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    images = [frame.image for frame in demo_frames[95:103]]
    path = write_mjpeg(tmp_path / 'broken.avi', images, broken=[3])
    assert main(['run', str(path), '--no-output', '--json']) == 0
    captured = capfd.readouterr()
    assert [each['frame'] for each in objects(captured.out)] == [0, 1, 2, 4, 5, 6, 7]
    assert '7 of 8 images were processed; dropped: 1 undecodable' in captured.err
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert main(['run', str(path), '--no-output', '--json']) == 0
    assert 'the input has 8 images by its header, but' in capfd.readouterr().err


def test_a_video_of_which_nothing_decodes_is_an_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    images = [np.full((48, 64, 3), 99, np.uint8)] * 3
    path = write_mjpeg(tmp_path / 'broken.avi', images, broken=[0, 1, 2])
    assert main(['run', str(path), '--no-output']) == 2
    assert 'face-affect: error: cannot decode a frame' in capfd.readouterr().err


@pytest.mark.parametrize('name', [b'caf\xe9.jpg', b'\xff', b'a\nb.png', b'\x1b[2J.jpg'])
def test_any_name_of_a_picture(
    picture: Path, tmp_path: Path, name: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    album = tmp_path / 'album'
    album.mkdir()
    path = Path(os.fsdecode(os.fsencode(album) + b'/' + name))
    path.write_bytes(picture.read_bytes())
    assert main(['run', str(path), '--no-output']) == 0
    assert main(['run', str(album), '-o', str(tmp_path / 'out')]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 6
    assert all(line.isprintable() for line in lines)
    assert len(list((tmp_path / 'out').iterdir())) == 1


def test_video(video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / 'seen.mp4'
    assert main(['run', str(video), '--json', '--output', str(out)]) == 0
    frames = objects(capsys.readouterr().out)
    for frame in frames:
        check_schema(frame)
    assert [frame['frame'] for frame in frames] == list(range(VIDEO_FRAMES))
    assert [frame['stamp'] for frame in frames] == pytest.approx(
        [i / 15 for i in range(VIDEO_FRAMES)], abs=1e-3
    )
    # The first image alone proves no face.
    assert [len(frame['faces']) for frame in frames] == [0] + [3] * (VIDEO_FRAMES - 1)
    assert len({face['id'] for frame in frames for face in frame['faces']}) == 3
    written = cv2.VideoCapture(str(out))
    assert written.get(cv2.CAP_PROP_FRAME_COUNT) == VIDEO_FRAMES
    assert written.get(cv2.CAP_PROP_FPS) == pytest.approx(15)


def test_the_annotated_video_keeps_the_time_of_each_frame(tmp_path: Path) -> None:
    times = [0, 40, 1040, 1073, 1340]  # milliseconds, as a phone's
    source = write_video(tmp_path / 'phone.mp4', [grey(9 * i) for i in range(5)], times)
    assert main(['run', str(source), '-o', str(tmp_path / 'out.mp4')]) == 0
    assert [picture.stamp for picture in open_media(str(tmp_path / 'out.mp4'))] == [
        time * 1_000_000 for time in times
    ]


@pytest.fixture(scope='module')
def long_video(tmp_path_factory: pytest.TempPathFactory, demo_frames: list[DemoFrame]) -> Path:
    """Return a video that takes seconds to process."""
    path = tmp_path_factory.mktemp('long') / 'long.mp4'
    return write_clip(path, [frame.image for frame in demo_frames * 6])


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_finishes_the_video(
    long_video: Path, tmp_path: Path, number: signal.Signals
) -> None:
    output = tmp_path / 'out.mp4'
    with subprocess.Popen(
        [sys.executable, '-um', 'face_affect.cli', 'run', str(long_video), '-o', str(output)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Where the tests run in the background, the signal may be ignored, and so inherited.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith('frame ')
        process.send_signal(number)
        _, text = process.communicate(timeout=60)
    assert process.returncode == 128 + number, text
    assert 'stopped' in text and 'Traceback' not in text
    count = cv2.VideoCapture(str(output)).get(cv2.CAP_PROP_FRAME_COUNT)
    assert 0 < count < 6 * 255
    assert sum(1 for frame in open_media(str(output))) == count


@pytest.mark.parametrize(
    'options, count',
    [(['--threshold', '1'], 0), (['--min-face-size', '100'], 1), (['--min-face-size', '0'], 3)],
)
def test_settings(
    picture: Path, options: list[str], count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['run', str(picture), '--no-output', *options]) == 0
    assert len(capsys.readouterr().out.splitlines()) == count


@pytest.mark.parametrize(
    'make, reason',
    [
        (lambda path: None, 'no such file or folder'),
        (lambda path: path.with_suffix('.jpg').write_bytes(b'no picture'), 'neither an image'),
        (lambda path: path.with_suffix('.jpg').write_bytes(b''), 'is empty'),
        (lambda path: path.with_suffix('.mp4').write_bytes(b'no video' * 99), 'cannot open video'),
        (lambda path: path.mkdir(), 'no image in folder'),
    ],
)
def test_unusable_input(
    tmp_path: Path, make: Any, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path / 'input')
    name = next((str(path) for path in tmp_path.iterdir()), 'input')
    assert main(['run', name]) == 2
    captured = capfd.readouterr()
    assert captured.out == ''
    assert 'face-affect: error: ' in captured.err
    assert reason in captured.err


def test_one_bad_picture_in_a_folder_is_named(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / 'b.jpg').write_bytes(b'broken')
    assert main(['run', str(folder), '--no-output', '--json']) == 1
    captured = capfd.readouterr()
    assert 'b.jpg: cannot decode 6 bytes of unknown format' in captured.err
    assert '2 of 3 images were processed; dropped: 1 undecodable' in captured.err
    assert [each['file'] for each in objects(captured.out)] == ['a.jpg', 'c.JPG']


@pytest.mark.parametrize('source', ['picture', 'folder', 'video'])
def test_output_is_not_writable(
    request: pytest.FixtureRequest, tmp_path: Path, source: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = request.getfixturevalue(source)
    (tmp_path / 'file').write_text('in the way')
    assert main(['run', str(path), '-o', str(tmp_path / 'file' / f'out{path.suffix}')]) == 2
    assert 'face-affect: error: ' in capfd.readouterr().err


@pytest.mark.parametrize('way', ['itself', 'link', 'hard link'])
@pytest.mark.parametrize('source', ['picture', 'folder', 'video'])
def test_the_input_is_never_the_output(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    source: str,
    way: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = request.getfixturevalue(source)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    before = [file.read_bytes() for file in files]
    output = path
    if way == 'link':
        output = tmp_path / f'link{path.suffix}'
        output.symlink_to(path)
    elif way == 'hard link':
        output = tmp_path / f'name{path.suffix}'
        if path.is_dir():
            output.mkdir()
            os.link(path / 'b.jpg', output / 'a.jpg')
        else:
            os.link(path, output)
    assert main(['run', str(path), '-o', str(output)]) == 2
    assert 'it is the input; choose another output' in capfd.readouterr().err
    assert [file.read_bytes() for file in files] == before
    assert not list(tmp_path.rglob('.face_affect*'))


def test_the_picture_is_not_replaced_by_its_explanation(
    picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = picture.read_bytes()
    assert main(['explain', str(picture), '-o', str(picture)]) == 2
    assert 'three.jpg: it is the input' in capsys.readouterr().err
    assert picture.read_bytes() == before


@pytest.mark.parametrize('source', ['picture', 'video'])
def test_into_a_pipe(request: pytest.FixtureRequest, tmp_path: Path, source: str) -> None:
    """JPEG and MP4 where the name does not say."""
    path = request.getfixturevalue(source)
    os.mkfifo(tmp_path / 'pipe')
    with (tmp_path / 'read').open('wb') as read:
        reader = subprocess.Popen(['cat', tmp_path / 'pipe'], stdout=read)
    assert main(['run', str(path), '-o', str(tmp_path / 'pipe')]) == 0
    assert reader.wait(60) == 0
    data = (tmp_path / 'read').read_bytes()
    assert data[:3] == b'\xff\xd8\xff' if source == 'picture' else data[4:8] == b'ftyp'


def test_a_link_leads_to_the_video(video: Path, tmp_path: Path) -> None:
    (tmp_path / 'seen.mp4').write_bytes(b'earlier')
    (tmp_path / 'seen.mp4').chmod(0o600)
    (tmp_path / 'link.mp4').symlink_to('seen.mp4')
    assert main(['run', str(video), '-o', str(tmp_path / 'link.mp4')]) == 0
    assert (tmp_path / 'link.mp4').is_symlink()
    assert (tmp_path / 'seen.mp4').stat().st_mode & 0o777 == 0o600
    assert len(open_media(str(tmp_path / 'seen.mp4'))) == VIDEO_FRAMES


def test_a_full_disk_is_an_error(
    picture: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'full.png').symlink_to('/dev/full')
    assert main(['run', str(picture), '-o', str(tmp_path / 'full.png')]) == 2
    assert 'full.png: No space left on device' in capfd.readouterr().err


def test_a_video_that_was_cut_off_is_an_error(video: Path, tmp_path: Path) -> None:
    output = tmp_path / 'cut.mp4'
    found = subprocess.run(
        [
            'bash',
            '-c',
            'ulimit -f 1; exec "$@"',
            '-',
            sys.executable,
            '-m',
            'face_affect.cli',
            'run',
            str(video),
            '-o',
            str(output),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert found.returncode == 2
    assert f'cannot write video {output}: File too large' in found.stderr
    assert not output.exists()


@pytest.mark.parametrize('name', ['out.unknown', 'out'])
def test_unknown_picture_format(
    picture: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(['run', str(picture), '-o', name]) == 2
    assert f'cannot write image {name}' in capfd.readouterr().err


@pytest.mark.parametrize(
    'options, reason',
    [
        (['--threshold', '2'], 'detection_threshold is 2.0'),
        (['--min-face-size', '-1'], 'min_face_size is -1'),
        (['--emotion-model', 'none'], "no model 'none'"),
        (['--detector-model', 'gender_mini_xception'], 'is for gender'),
    ],
)
def test_wrong_setting(
    picture: Path, options: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['run', str(picture), *options]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize('arguments', [[], ['jump'], ['run'], ['run', 'x', '--threshold', 'high']])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert 'usage: face-affect' in capsys.readouterr().err


@pytest.mark.parametrize(
    'arguments, word',
    [
        (['--help'], 'play'),
        (['bag', '--help'], '--scheduler'),
        (['report', '--help'], '--blur'),
        (['compare', '--help'], '--tolerance'),
        (['run', '--help'], '--json'),
        (['models', '--help'], 'models'),
        (['play', '--help'], '--remap'),
    ],
)
def test_help(arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    assert word in capsys.readouterr().out


@pytest.mark.parametrize(
    'command', ['run', 'explain', 'models', 'play', 'bag', 'report', 'compare']
)
def test_help_in_an_ascii_locale(command: str) -> None:
    done = subprocess.run(
        [sys.executable, '-m', 'face_affect.cli', command, '--help'],
        cwd=ROOT,
        env={**os.environ, 'PYTHONIOENCODING': 'ascii:strict'},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.startswith(f'usage: face-affect {command} ')
    assert '\\u' not in done.stdout


def test_a_name_that_the_locale_cannot_print(picture: Path) -> None:
    picture.rename('Zoë.jpg')
    done = subprocess.run(
        [sys.executable, '-m', 'face_affect.cli', 'explain', 'Zoë.jpg'],
        env={**os.environ, 'PYTHONIOENCODING': 'ascii:strict', 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == 'Zo\\xeb_explained.png\n'


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_without_anything_to_finish(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> list[Any]:
        signal.raise_signal(number)
        return []

    monkeypatch.setattr('face_affect.commands.models.available_models', interrupted)
    before = signal.getsignal(number)
    assert main(['models']) == 128 + number
    assert 'Traceback' not in capsys.readouterr().err
    assert signal.getsignal(number) is before


def test_without_a_home(picture: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != 'HOME'}
    done = subprocess.run(
        [sys.executable, '-m', 'face_affect.cli', 'run', str(picture)],
        env={**environment, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3


def test_models_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['models']) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == (
        [
            'network',
            'task',
            'parameters',
            'million',
            'MACs',
            'installed',
            'accuracy',
            'test',
            'set',
        ]
    )
    assert [line.split()[0] for line in lines] == [sidecar.name for sidecar in available_models()]
    rows = {line.split()[0]: line.split(maxsplit=6) for line in lines}
    assert rows['emotion_mini_residual'][1:] == (
        ['emotion', '91,806', '13.9', 'yes', '81.8%', 'held-out tenth of FER-2013']
    )
    assert rows['gender_residual'][4] == 'no'
    detector = next(line for line in lines if line.startswith('face_detector'))
    assert 'recall_16 87.1%, precision 97.9%  held-out tenth of photographs' in detector


def test_models_measures_times(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['models', '--time', '--json']) == 0
    rows = json.loads(capsys.readouterr().out)
    assert all(0 < row['milliseconds'] < 1000 for row in rows)
    assert main(['models', '--time', 'face_detector']) == 0
    assert 'ms, median on one thread' in capsys.readouterr().out


def test_models_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['models', '--json', 'gender_mini_residual', 'emotion_residual']) == 0
    gender, emotion = json.loads(capsys.readouterr().out)
    assert gender['name'] == 'gender_mini_residual' and gender['installed']
    assert gender['labels'] == list(GENDERS)
    assert gender['accuracy'] == {'accuracy': 0.8877}
    assert gender['test_set'] == 'held-out tenth of FairFace'
    assert (gender['milliseconds'], gender['error']) == (None, '')
    assert emotion['name'] == 'emotion_residual' and not emotion['installed']


def test_models_with_a_name_gives_details(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['models', 'emotion_mini_residual']) == 0
    text = capsys.readouterr().out
    (sidecar,) = [each for each in available_models() if each.name == 'emotion_mini_residual']
    assert text.startswith('emotion_mini_residual\n')
    for part in (sidecar.sha256, '91,806 parameters', '48x48 gray', 'state      loads'):
        assert part in text


def test_models_of_a_name_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['models', 'emotion_mini_residul']) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "no model 'emotion_mini_residul'" in line
    assert 'did you mean emotion_mini_residual?' in line


def test_models_in_an_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sidecar = available_models()[0]
    for path in (sidecar.path, sidecar.tflite):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv('FACE_AFFECT_MODELS', str(tmp_path))
    assert main(['models', '--json']) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row['name'] == sidecar.name and row['installed']


def test_models_says_which_one_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sidecar = available_models()[0]
    (tmp_path / sidecar.path.name).write_bytes(sidecar.path.read_bytes())
    (tmp_path / sidecar.tflite.name).write_bytes(b'altered')
    monkeypatch.setenv('FACE_AFFECT_MODELS', str(tmp_path))
    assert main(['models', '--time']) == 1
    out, err = capsys.readouterr()
    assert 'BROKEN' in out
    (line,) = err.splitlines()
    assert sidecar.name in line
    assert main(['models', '--json']) == 1
    assert sidecar.name in json.loads(capsys.readouterr().out)[0]['error']


@pytest.mark.parametrize('missing', ['rclpy', 'rosbags'])
def test_play_without_ros(missing: str, tmp_path: Path) -> None:
    code = (
        f'import sys; sys.modules[{missing!r}] = None; from face_affect.cli import main; '
        f'sys.exit(main(["play", "bag"]))'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith('face-affect play: cannot start: ')
    assert 'Traceback' not in done.stderr


# explain


def test_explain(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['explain', str(picture)]) == 0
    assert capsys.readouterr().out == 'three_explained.png\n'
    sheet = cv2.imread('three_explained.png')
    detector = ModelNames().detector
    rows = [
        sidecar
        for sidecar in available_models()
        if detector in sidecar.crop and saliency_path(sidecar).exists()
    ]
    assert len(rows) >= 3
    # One row for each of the three faces and each network: a face, and as many pictures as labels.
    row = SHEET_LINE + SHEET_TILE + SHEET_LINE + SHEET_GAP
    assert sheet.shape == (3 * len(rows) * row, 8 * (SHEET_TILE + SHEET_GAP), 3)


def test_explain_where_told(picture: Path, tmp_path: Path) -> None:
    assert main(['explain', str(picture), '-o', str(tmp_path / 'why.png')]) == 0
    assert (tmp_path / 'why.png').stat().st_size > 10_000


@pytest.fixture
def upside_down(tmp_path: Path, demo_frames: list[DemoFrame]) -> Path:
    """Return a picture of a camera that hangs upside down."""
    path = tmp_path / 'upside_down.png'
    cv2.imwrite(str(path), cv2.rotate(demo_frames[100].image, cv2.ROTATE_180))
    return path


def test_a_camera_that_is_not_upright(
    upside_down: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['run', str(upside_down), '--no-output', '--json', '--rotate', '180']) == 0
    faces = json.loads(capsys.readouterr().out)['faces']
    assert len(faces) == 3
    assert main(['run', str(upside_down), '--no-output', '--json']) == 0
    assert len(json.loads(capsys.readouterr().out)['faces']) < 3
    cv2.imwrite('upright.png', cv2.rotate(cv2.imread(str(upside_down)), cv2.ROTATE_180))
    assert main(['explain', 'upright.png']) == 0
    assert main(['explain', str(upside_down), '--rotate', '180']) == 0
    sheets = [cv2.imread(f'{name}_explained.png') for name in ('upright', 'upside_down')]
    np.testing.assert_array_equal(*sheets)
    assert main(['run', str(upside_down), '--rotate', '45']) == 2
    assert 'rotate is 45, but must be one of 0, 90, 180, 270' in capsys.readouterr().err


def test_no_face_to_explain(
    tmp_path: Path, demo_frames: list[DemoFrame], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'empty.jpg').write_bytes(demo_frames[0].jpeg)
    assert main(['explain', 'empty.jpg']) == 2
    assert 'no face in empty.jpg' in capsys.readouterr().err
    assert not list(tmp_path.glob('*.png'))


@pytest.mark.parametrize('fixture', ['folder', 'video'])
def test_explain_takes_one_picture(
    request: pytest.FixtureRequest, fixture: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['explain', str(request.getfixturevalue(fixture))]) == 2
    assert 'is not a single image' in capsys.readouterr().err


@pytest.mark.parametrize('setting', [item.name for item in fields(Settings)])
def test_every_setting_has_an_option(setting: str) -> None:
    parser = argparse.ArgumentParser()
    add_pipeline_options(parser)
    assert settings_of(parser.parse_args([])) == Settings()
    option = next(action for action in parser._actions if action.dest == setting)
    value = not option.default if option.nargs == 0 else 90 if setting == 'rotate' else 1
    words = [option.option_strings[0]] + ([] if option.nargs == 0 else [str(value)])
    assert getattr(settings_of(parser.parse_args(words)), setting) == value


def test_models_are_options_as_well() -> None:
    parser = argparse.ArgumentParser()
    add_pipeline_options(parser)
    assert models_of(parser.parse_args([])) == ModelNames()
    words = ['--detector-model', 'a', '--emotion-model', 'b', '--gender-model', 'c']
    words += ['--detection-width', '480']
    assert models_of(parser.parse_args(words)) == ModelNames('a', 480, 'b', 'c')


@pytest.mark.parametrize('command', [('run', '--no-output', '--json'), ('explain',)])
def test_detection_width(
    picture: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command[0], str(picture), *command[1:], '--detection-width', '640']) == 0
    found = capsys.readouterr().out
    assert found == 'three_explained.png\n' or len(json.loads(found)['faces']) == 3
    assert main([command[0], str(picture), *command[1:], '--detection-width', '400']) == 2
    assert 'set detection_width to 320 or 480 or 640' in capsys.readouterr().err
