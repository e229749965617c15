# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The SROS2 policy grants exactly what the node uses."""

from __future__ import annotations

from collections.abc import Iterator
import importlib.util
from pathlib import Path
from xml.etree import ElementTree

from face_affect_msgs.srv import GetFaces
import harness
from harness import Camera, COLLINS, demo_jpegs, jpeg_image, Robot, ROOT, Watcher
import pytest
from rclpy.action import get_action_server_names_and_types_by_node
from sensor_msgs.msg import CompressedImage

POLICY = ROOT / 'config' / 'security' / 'face_affect.policy.xml'
NODE, NAMESPACE = 'face_affect', '/'
# The permissions of the client, by docs/security.md, and of every node
CLIENT = """<policy version="0.2.0"><enclaves><enclave path="/client"><profiles>
<profile ns="/" node="client">
  <topics publish="ALLOW"><topic>/image/compressed</topic><topic>/parameter_events</topic>
    <topic>/rosout</topic></topics>
  <topics subscribe="ALLOW"><topic>/diagnostics</topic><topic>/face_affect/faces</topic></topics>
  <services request="ALLOW"><service>/face_affect/change_state</service>
    <service>/face_affect/get_faces</service><service>/face_affect/get_state</service></services>
  <services reply="ALLOW"><service>~/describe_parameters</service>
    <service>~/get_parameter_types</service><service>~/get_parameters</service>
    <service>~/get_type_description</service><service>~/list_parameters</service>
    <service>~/set_parameters</service><service>~/set_parameters_atomically</service></services>
</profile></profiles></enclave></enclaves></policy>"""
# Names that belong to an action
HIDDEN = '/_action/'

Grant = tuple[str, str]

# Parameter, the package that it needs, and what it publishes
OPTIONAL = (
    ('publish_detections', 'vision_msgs', ('publish', '/face_affect/detections')),
    ('publish_tf', 'tf2_msgs', ('publish', '/tf')),
)


def resolved(name: str) -> str:
    """Return the full name, by the rules of SROS2's policies."""
    if name.startswith('/'):
        return name
    return f'/{NODE}{name[1:]}' if name.startswith('~') else f'/{name}'


def granted() -> set[Grant]:
    """Return the permissions of the policy as (verb, name)."""
    (profile,) = ElementTree.parse(POLICY).iter('profile')
    assert (profile.get('ns'), profile.get('node')) == (NAMESPACE, NODE)
    grants = [
        (verb, resolved(expression.text or ''), rule)
        for group in profile
        for verb, rule in group.items()
        for expression in group
    ]
    assert all(rule == 'ALLOW' for _, _, rule in grants)
    found = {(verb, name) for verb, name, _ in grants}
    assert len(found) == len(grants)
    return found


def used(robot: Robot) -> set[Grant]:
    """Return the node's endpoints in the ROS graph as (verb, name)."""
    node = robot.node
    known = {
        'publish': node.get_publisher_names_and_types_by_node(NODE, NAMESPACE),
        'subscribe': node.get_subscriber_names_and_types_by_node(NODE, NAMESPACE),
        'reply': node.get_service_names_and_types_by_node(NODE, NAMESPACE),
        'request': node.get_client_names_and_types_by_node(NODE, NAMESPACE),
        'execute': get_action_server_names_and_types_by_node(node, NODE, NAMESPACE),
    }
    return {
        (verb, name) for verb, pairs in known.items() for name, _ in pairs if HIDDEN not in name
    }


def test_policy_is_exact_in_every_state(robot: Robot) -> None:
    pytest.importorskip(
        'type_description_interfaces', reason='before Iron there is no get_type_description'
    )
    outputs = {
        parameter: grant
        for parameter, package, grant in OPTIONAL
        if importlib.util.find_spec(package) is not None
    }
    allowed = granted() - ({grant for _, _, grant in OPTIONAL} - set(outputs.values()))
    raw, compressed = ('subscribe', '/image'), ('subscribe', '/image/compressed')
    robot.start_node(use_sim_time=True, publish_position=True, **dict.fromkeys(outputs, True))
    assert robot.state == 'unconfigured'
    # A service may answer before the graph shows its node.
    robot.spin_until(lambda: NODE in robot.node.get_node_names(), 'the node in the ROS graph')
    assert used(robot) <= allowed
    for transport, absent in (('raw', compressed), ('compressed', raw)):
        assert robot.set_parameters(image_transport=transport)[0].successful
        assert robot.change_state('configure')
        assert used(robot) <= allowed
        assert robot.change_state('activate')
        robot.spin_until(
            lambda absent=absent: used(robot) == allowed - {absent},
            f'what the policy grants with {transport} images, and nothing else',
        )
        assert robot.change_state('deactivate')
        assert robot.change_state('cleanup')
    robot.spin_until(lambda: not used(robot) & {raw, compressed}, 'no subscription')
    assert used(robot) <= allowed


def test_policy_keeps_to_the_schema() -> None:
    policy = pytest.importorskip('sros2.policy', reason='needs SROS2')
    assert policy.load_policy(Path(POLICY)).find('enclaves/enclave').get('path') == '/face_affect'


@pytest.fixture
def secured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Robot]:
    """Give a robot that enforces the policies."""
    artifacts = pytest.importorskip('sros2.api._artifact_generation', reason='needs SROS2')
    domain = harness.free_domain()
    monkeypatch.setattr(harness, 'free_domain', lambda: domain)
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
    (tmp_path / 'client.xml').write_text(CLIENT)
    artifacts.generate_artifacts(tmp_path / 'keystore', [], [POLICY, tmp_path / 'client.xml'])
    for name, value in (
        ('KEYSTORE', str(tmp_path / 'keystore')),
        ('ENABLE', 'true'),
        ('STRATEGY', 'Enforce'),
        ('ENCLAVE_OVERRIDE', '/client'),
    ):
        monkeypatch.setenv(f'ROS_SECURITY_{name}', value)
    try:
        robot = Robot(tmp_path)
    except RuntimeError as error:
        pytest.skip(f'the middleware has no security: {error}')
    monkeypatch.setenv('ROS_SECURITY_ENCLAVE_OVERRIDE', '/face_affect')
    yield robot
    robot.close()


def test_node_works_where_the_policy_is_enforced(secured: Robot) -> None:
    secured.start_node(image_transport='compressed')
    assert secured.change_state('configure')
    assert secured.change_state('activate')
    watcher = Watcher(secured, Camera(secured, '/image/compressed', CompressedImage))
    watcher.camera.stream(jpeg_image(demo_jpegs()[COLLINS]))
    assert watcher.wait_for(lambda result: result.faces, 'a face').image_width == 640
    assert secured.ask(GetFaces, '/face_affect/get_faces').success
    assert secured.report()['lifecycle state'] == 'active'


def test_node_does_not_start_on_a_topic_that_is_not_granted(secured: Robot) -> None:
    node = secured.start_node(['image:=/not_granted'])
    assert secured.change_state('configure')
    assert not secured.change_state('activate')
    assert secured.state == 'unconfigured'
    assert 'on_activate failed' in node.output
