# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from pathlib import Path
import re
from typing import Any

from demo_bag import ROOT
import pytest

pytest.importorskip('jinja2', reason="evaluations need pip's extra reports")
pytest.importorskip('rosbags', reason="evaluations need pip's extra bags")

from demo.make_truth_csv import truth_csv
from face_affect.bags.analysis.evaluation import evaluate, Proportion
from face_affect.bags.analysis.result_reader import Result, Results
from face_affect.bags.analysis.truth import LabelledFace, read_truth, TruthError
from face_affect.cli import main
from face_affect.core.faces import Box, Detection, EMOTIONS, Estimate, Face, FrameResult

GOLDEN = ROOT / 'test' / 'golden' / 'demo'
TRUTH = ROOT / 'demo' / 'truth.csv'
HEADER = 'stamp,x,y,width,height,emotion,gender,person,ignore\n'
BOX = Box(100, 100, 50, 60)


def face(id: int, box: Box = BOX, emotion: str = 'happy', min_confidence: float = 0.0) -> Face:
    probabilities = tuple(0.7 if label == emotion else 0.05 for label in EMOTIONS)
    estimate = Estimate(EMOTIONS, probabilities, probabilities, min_confidence)
    return Face(id, Detection(box, 0.9), 1.0, 10, {'emotion': estimate})


def results(*frames: list[Face]) -> Results:
    """Return results a second apart, from second 1 on."""
    return Results(
        Path('bag'),
        '/faces',
        {
            stamp * 10**9: Result(FrameResult(float(stamp), 640, 480, tuple(faces)), 0)
            for stamp, faces in enumerate(frames, 1)
        },
        {},
    )


def labelled(person: str = '', emotion: str = 'happy', box: Box = BOX) -> LabelledFace:
    return LabelledFace(box, {'emotion': emotion} if emotion else {}, person)


@pytest.mark.parametrize(
    'hits, count, low, high',
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (81, 100, 0.7222, 0.8749),
        (1, 2, 0.0945, 0.9055),
    ],
)
def test_wilson_interval(hits: int, count: int, low: float, high: float) -> None:
    assert Proportion(hits, count).interval == pytest.approx((low, high), abs=1e-4)


def test_nothing_to_measure() -> None:
    assert Proportion(0, 0).as_dict() == (
        {'hits': 0, 'count': 0, 'value': None, 'interval_95': None}
    )
    assert str(Proportion(0, 0)) == 'nothing to measure'


def test_the_demo_bag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(['evaluate', str(GOLDEN), '--truth', str(TRUTH), '--json']) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found['images'], found['images_without_result']) == (255, 0)
    assert (found['recall']['hits'], found['recall']['count']) == (363, 363)
    # The badge of a cap is reported as a face in one image.
    assert (found['precision']['hits'], found['precision']['count']) == (363, 364)
    assert (found['id_switches'], found['people']) == (0, 5)
    # Grace Hopper is classified as male in 39 images.
    assert found['gender']['confusion']['female']['male'] == 39
    assert found['gender']['accuracy']['value'] == pytest.approx((363 - 39) / 363)
    assert found['emotion']['accuracy']['value'] > 0.95
    page = Path('demo_evaluation.html').read_text()
    assert '363 of 363' in page and '89.3 %' in page
    assert re.search(r'<td style="background:\s*rgba\(27,108,168,0\.\d+\)">39<br>28 %</td>', page)
    assert "default-src 'none'" in page


def test_truth_csv_is_up_to_date(demo_truth: dict[str, Any]) -> None:
    text = TRUTH.read_text()
    assert truth_csv(demo_truth) == text, 'run: python -m demo.make_truth_csv'


def test_figures() -> None:
    second = Box(300, 100, 50, 60)
    truth = {
        10**9: [labelled('ann'), labelled('bob', 'sad', second)],
        2 * 10**9: [labelled('ann'), labelled('bob', 'sad', second)],
        3 * 10**9: [labelled('ann', '')],
        4 * 10**9: [],
    }
    found = evaluate(
        results(
            [face(1), face(2, second, 'sad')],
            [face(3)],
            [face(3, emotion='fear'), face(4, Box(500, 10, 40, 40))],
            [face(3)],
            [face(9), face(10)],  # not labelled: does not count
        ),
        truth,
    )
    assert (found.images, found.unmatched) == (4, 0)
    assert found.recall == Proportion(4, 5)
    assert found.precision == Proportion(4, 6)
    assert found.switches == 1  # ann: 1, 3, 3
    emotion, gender = found.tasks
    assert emotion.accuracy == Proportion(3, 3)
    assert emotion.recall('happy') == Proportion(2, 2)
    assert emotion.recall('sad') == Proportion(1, 1)
    assert gender.labelled == 0


def test_unknown_does_not_count_as_a_wrong_answer() -> None:
    truth = {stamp * 10**9: [labelled()] for stamp in (1, 2, 3)}
    found = evaluate(
        results([face(1)], [face(1, emotion='sad')], [face(1, min_confidence=0.9)]), truth
    )
    emotion = found.tasks[0]
    assert emotion.accuracy == Proportion(1, 2)
    assert emotion.answered == Proportion(2, 3)
    assert emotion.counts['happy', 'unknown'] == 1
    assert found.switches is None


def test_faces_to_ignore_are_neither_missed_nor_false() -> None:
    ignored = LabelledFace(BOX, ignore=True)
    found = evaluate(results([face(1)], []), {10**9: [ignored], 2 * 10**9: [ignored]})
    assert (found.recall, found.precision) == (Proportion(0, 0), Proportion(0, 0))


def test_stamps_match_within_the_tolerance() -> None:
    truth = {10**9 + 9_000_000: [labelled()], 10**9 + 500_000_000: [labelled()]}
    found = evaluate(results([face(1)]), truth)
    assert (found.images, found.unmatched, found.recall) == (1, 1, Proportion(1, 1))


def test_stamps_that_match_nothing() -> None:
    message = r'truth begins at 7\.000 s, the results have stamps 1\.000 to 1\.000 s; give'
    with pytest.raises(TruthError, match=message):
        evaluate(results([face(1)]), {7 * 10**9: [labelled()]})


def test_read_truth(tmp_path: Path) -> None:
    path = tmp_path / 'truth.csv'
    path.write_text(
        '\ufeff' + HEADER + '1735689601.733333,1,2,30,40,happy,female,"Ann, visit 1",\n'
        '1735689600000000000,1,2,30,40,,,,1\n3,,,,,,,,\n',
        encoding='utf-8',
    )
    assert read_truth(path) == {
        3 * 10**9: [],
        1735689600000000000: [LabelledFace(Box(1, 2, 30, 40), ignore=True)],
        1735689601733333000: [
            LabelledFace(
                Box(1, 2, 30, 40), {'emotion': 'happy', 'gender': 'female'}, 'Ann, visit 1'
            )
        ],
    }


def test_only_stamp_and_box_are_required(tmp_path: Path) -> None:
    path = tmp_path / 'truth.csv'
    path.write_text('height,width,y,x,stamp\n40,30,2,1,0.5\n')
    assert read_truth(path) == {500_000_000: [LabelledFace(Box(1, 2, 30, 40))]}


@pytest.mark.parametrize(
    'row, message',
    [
        (
            '1,1,2,30,40,hapy,,,',
            r"line 2: emotion is 'hapy' \(did you mean happy\?\), but must be",
        ),
        ('1,1,2,30,40,,woman,,', "line 2: gender is 'woman'.*must be one of female, male"),
        ('soon,1,2,30,40,,,,', "line 2: stamp is 'soon', but must be seconds"),
        ('nan,1,2,30,40,,,,', "stamp is 'nan'"),
        ('1e999999,1,2,30,40,,,,', 'stamp is'),
        (
            '1,1,2,0,40,,,,',
            'line 2: the box is 0x40 pixels, but width and height must be positive',
        ),
        ('1,1,2,inf,40,,,,', "width is 'inf', but must be a number of pixels"),
        ('1,1,2,,40,,,,', "width is '', but must be a number"),
        ('1,,,,,happy,,,', 'line 2: the row has labels, but no box'),
        ('1,1,2,30,40,,,,maybe', "ignore is 'maybe', but must be 1, 0 or empty"),
        ('1,1,2', 'line 2: the row has more or fewer cells than the header'),
        ('1,1,2,3,4,,,,,,', 'line 2: the row has more or fewer cells than the header'),
    ],
)
def test_invalid_rows_of_the_truth(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / 'truth.csv'
    path.write_text(f'{HEADER}{row}\n')
    with pytest.raises(TruthError, match=message):
        read_truth(path)


@pytest.mark.parametrize(
    'content, message',
    [
        (
            b'',
            'lacks the columns stamp, x, y, width, height; expected a header, separated by '
            'commas, of stamp,x,y',
        ),
        (b'stamp;x;y;width;height\n', 'lacks the columns stamp, .* separated by commas'),
        (b'stamp,x,y,width,height\n', 'has no rows'),
        (b'stamp,x,y,width\n', 'lacks the columns height'),
        (b'stamp,x,y,width,height,mood\n', 'has unknown columns mood; expected a header'),
        (b'\xff\xfe\0\0stamp', 'is not a CSV file in UTF-8'),
        (b'stamp,x,y,width,height\n"1', 'is not a CSV file in UTF-8: unexpected end of data'),
    ],
)
def test_invalid_truth_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / 'truth.csv'
    path.write_bytes(content)
    with pytest.raises(TruthError, match=message):
        read_truth(path)


def test_errors_of_evaluate_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'far.csv').write_text(f'{HEADER}1,1,2,30,40,,,,\n')
    (tmp_path / 'wrong.csv').write_text(f'{HEADER}1,1,2,30,40,smiling,,,\n')
    for words, part in (
        ([str(GOLDEN), '--truth', 'far.csv'], 'no stamp matches within 0.01 s'),
        ([str(GOLDEN), '--truth', 'wrong.csv'], "wrong.csv, line 2: emotion is 'smiling'"),
        (
            [str(GOLDEN), '--truth', 'none.csv'],
            'cannot read none.csv: No such file or directory; expected a CSV file',
        ),
        ([str(GOLDEN), '--truth', str(GOLDEN)], 'Is a directory; expected a CSV file'),
        ([str(GOLDEN), '--truth', '/dev/zero'], 'not a regular file; expected a CSV file'),
        (
            [str(GOLDEN), '--truth', str(TRUTH), '--tolerance', '-1'],
            '--tolerance is -1.0, but must be 0 s',
        ),
        ([str(ROOT / 'demo' / 'bag'), '--truth', str(TRUTH)], 'has no results'),
    ):
        assert main(['evaluate', *words]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith('face-affect: error: ') and part in line
    assert not list(tmp_path.glob('*.html'))


def test_the_truth_is_never_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = tmp_path / 'truth.csv'
    truth.write_bytes(TRUTH.read_bytes())
    assert main(['evaluate', str(GOLDEN), '--truth', str(truth), '-o', str(truth)]) == 2
    assert 'it is the input' in capsys.readouterr().err
    assert truth.read_bytes() == TRUTH.read_bytes()


def test_names_in_the_truth_are_escaped(tmp_path: Path) -> None:
    truth = tmp_path / '<script>.csv'
    truth.write_bytes(TRUTH.read_bytes())
    page = tmp_path / 'page.html'
    assert main(['evaluate', str(GOLDEN), '--truth', str(truth), '-o', str(page)]) == 0
    assert '<script>' not in page.read_text()
