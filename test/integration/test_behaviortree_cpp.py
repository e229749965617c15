# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The trees for BehaviorTree.CPP use only existing topics, types, fields and labels."""

from __future__ import annotations

import importlib
import re
from typing import Any
import xml.etree.ElementTree as ElementTree

from face_affect_msgs.msg import Emotion, Gender
from harness import Robot, ROOT
import pytest
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy

from face_affect.core.faces import EMOTIONS, GENDERS

FOLDER = ROOT / 'examples' / 'behaviortree_cpp'
TREES = sorted(FOLDER.glob('*.xml'))
# The basic ports of BehaviorTree.ROS2 and of Nav2, which are not fields of messages
NAMES = {'topic_name', 'action_name', 'server_name'}
BASIC = NAMES | {'server_timeout'}
SOURCES = {'greeter': ['face_affect_nodes.hpp'], 'greeter_nav2': ['face_affect_nav2.cpp']}


def models(path: Any) -> list[tuple[ElementTree.Element, str]]:
    """Return the tree's models of face_affect nodes, each with its ROS type."""
    root = ElementTree.parse(path).getroot()
    return [
        (model, found.attrib['ros_type'])
        for model in root.iterfind('TreeNodesModel/*')
        if (found := model.find('MetadataFields/Metadata')) is not None
    ]


def used(path: Any) -> list[ElementTree.Element]:
    """Return the nodes of the tree itself."""
    return list(ElementTree.parse(path).getroot().iterfind('BehaviorTree//*'))


def interface(name: str) -> Any:
    package, kind, name = name.split('/')
    return getattr(importlib.import_module(f'{package}.{kind}'), name)


def field_type(kind: Any, path: str) -> str:
    """Return the type of a field such as faces[].emotion.label; KeyError if there is none."""
    *parents, last = path.split('.')
    for parent in parents:
        name, is_list = parent.removesuffix('[]'), parent.endswith('[]')
        declared = kind.get_fields_and_field_types()[name]
        assert declared.startswith('sequence<') == is_list, path
        package, inner = re.sub(r'sequence<|>', '', declared).split('/')
        kind = interface(f'{package}/msg/{inner}')
    return str(kind.get_fields_and_field_types()[last])


@pytest.fixture(params=TREES, ids=lambda path: path.stem)
def tree(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_there_are_trees_for_both() -> None:
    assert {path.stem for path in TREES} == set(SOURCES)


def test_ports_name_fields_of_the_messages(tree: Any) -> None:
    checked = 0
    for model, ros_type in models(tree):
        kind = interface(ros_type)
        for port in model:
            name = port.get('name')
            if port.tag == 'MetadataFields' or name in BASIC:
                continue
            assert port.text, name
            part, _, path = port.text.partition('.')
            if part in ('goal', 'result'):
                assert part == ('goal' if port.tag == 'input_port' else 'result')
                field_type(getattr(kind, part.title()), path)
                assert part == 'result' or path == name
            else:
                field_type(kind, port.text)
            checked += 1
    assert checked >= 7


def test_nodes_use_only_ports_of_their_models(tree: Any) -> None:
    ports = {model.get('ID'): {port.get('name') for port in model} for model, _ in models(tree)}
    ours = [node for node in used(tree) if node.tag in ports]
    assert {node.tag for node in ours} == set(ports)
    for node in ours:
        assert set(node.attrib) - {'name'} <= ports[node.tag]


def test_labels_are_constants(tree: Any) -> None:
    labels = {'emotion': Emotion, 'gender': Gender}
    found = [
        (kind, node.attrib[port])
        for node in used(tree)
        for port, kind in labels.items()
        if port in node.attrib
    ]
    assert found
    for kind, label in found:
        assert label == 'any' or isinstance(getattr(kind, label.upper()), int)


def test_code_has_the_ports_of_the_models(tree: Any) -> None:
    code = ''.join((FOLDER / name).read_text() for name in SOURCES[tree.stem])
    provided = set(re.findall(r'BT::(?:Input|Output)Port<[^>]+>\(\s*"(\w+)"', code))
    assert (
        provided
        == {
            port.get('name')
            for model, _ in models(tree)
            for port in model
            if port.tag != 'MetadataFields'
        }
        - BASIC
    )


def test_every_emotion_and_gender_is_known_to_the_code() -> None:
    code = (FOLDER / 'face_affect_labels.hpp').read_text()
    known = set(re.findall(r'\{"(\w+)", (?:Emotion|Gender)::', code))
    assert known == {*EMOTIONS, *GENDERS}


def test_topics_and_actions_are_there_and_can_be_received(robot: Robot) -> None:
    robot.start_node(autostart=True)
    robot.spin_until(lambda: robot.node.count_publishers('/face_affect/faces'), 'the node')
    topics = dict(robot.node.get_topic_names_and_types())
    named = {
        (node.attrib[port], ros_type)
        for tree in TREES
        for model, ros_type in models(tree)
        for node in [*used(tree)]
        if node.tag == model.get('ID')
        for port in NAMES
        if port in node.attrib
    }
    assert named == {
        ('/face_affect/faces', 'face_affect_msgs/msg/FaceAffectArray'),
        ('/face_affect/wait_for_affect', 'face_affect_msgs/action/WaitForAffect'),
    }
    assert topics['/face_affect/faces'] == ['face_affect_msgs/msg/FaceAffectArray']
    robot.spin_until(
        lambda: (
            (
                '/face_affect/wait_for_affect/_action/send_goal',
                ['face_affect_msgs/action/WaitForAffect_SendGoal'],
            )
            in robot.node.get_service_names_and_types()
        ),
        'the action',
    )
    # RosTopicSubNode subscribes reliable, volatile, depth 1; Nav2's StandardTopicQoS, depth 10.
    (publisher,) = robot.node.get_publishers_info_by_topic('/face_affect/faces')
    assert publisher.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    assert publisher.qos_profile.durability == DurabilityPolicy.VOLATILE
