# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The example tree, ticked while the demo bag plays, reacts to the ground truth."""

from __future__ import annotations

import json
import runpy
from typing import Any

from face_affect_msgs.msg import FaceAffect, FaceAffectArray
from harness import BAG, BAG_TOPIC, box_of, iou, Robot, ROOT
import pytest

py_trees = pytest.importorskip('py_trees')

TRUTH = json.loads((ROOT / 'demo' / 'truth.json').read_text())
TICK = 0.05  # seconds


def appearance(face: FaceAffect, result: FaceAffectArray) -> int | None:
    """Return the index of the visit that matches ``face`` in the ground truth."""
    stamp = result.header.stamp.sec + result.header.stamp.nanosec * 1e-9
    frame = min(TRUTH['frames'], key=lambda frame: abs(frame['stamp'] - stamp))
    best = max(frame['faces'], key=lambda true: iou(box_of(face.roi), true['box']), default=None)
    if best is None or iou(box_of(face.roi), best['box']) < 0.4:
        return None
    return int(best['appearance'])


@pytest.fixture(scope='module')
def said(robot: Robot) -> list[tuple[str, int | None]]:
    """Play the bag to node and tree; return each spoken text with its visit."""
    example = runpy.run_path(str(ROOT / 'examples' / 'greeting_tree.py'))
    py_trees.blackboard.Blackboard.clear()
    spoken: list[tuple[str, int | None]] = []

    def voice(text: str, face: FaceAffect) -> None:
        result: Any = py_trees.blackboard.Blackboard.get('/face_affect/faces')
        spoken.append((text, appearance(face, result)))

    tree = py_trees.trees.BehaviourTree(example['create_tree'](voice))
    tree.setup(node=robot.node)
    robot.start_node(
        [f'image/compressed:={BAG_TOPIC}'], autostart=True, image_transport='compressed'
    )
    robot.spin_until(
        lambda: (
            robot.node.count_publishers('/face_affect/faces')
            and robot.node.count_subscribers(BAG_TOPIC)
        ),
        'the active node',
    )
    robot.node.create_timer(TICK, tree.tick)
    results = robot.subscribe(FaceAffectArray, '/face_affect/faces')
    # Repeat if the machine was too busy for 30 images per second.
    for rate in ('2', '0.3'):
        spoken.clear()
        results.clear()
        player = robot.play(str(BAG), '--wait-for-subscriber', '30', '--rate', rate)
        assert robot.spin_to_end(player, 90) == 0, player.output
        # After the end of the bag, the tree must not act on outdated results.
        robot.spin_until(lambda: tree.root.status == py_trees.common.Status.FAILURE, 'failure')
        if len(results) == len(TRUTH['frames']):
            break
    return spoken


def visits(said: list[tuple[str, int | None]], word: str) -> list[int | None]:
    return [visit for text, visit in said if word in text]


def test_each_face_is_greeted_once(said: list[tuple[str, int | None]]) -> None:
    seen = {face['appearance'] for frame in TRUTH['frames'] for face in frame['faces']}
    assert visits(said, 'Hello') == sorted(seen)


def test_only_happy_faces_are_thanked(said: list[tuple[str, int | None]]) -> None:
    happy = {
        face['appearance']
        for frame in TRUTH['frames']
        for face in frame['faces']
        if TRUTH['people'][face['person']]['emotion'] == 'happy'
    }
    assert happy
    assert visits(said, 'smile') == sorted(happy)


def test_no_face_is_asked_since_none_is_sad(said: list[tuple[str, int | None]]) -> None:
    assert 'sad' not in {person['emotion'] for person in TRUTH['people']}
    assert visits(said, 'all right') == []
