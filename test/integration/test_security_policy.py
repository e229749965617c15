"""The SROS2 policy grants what the node uses, and nothing else."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from harness import Robot, ROOT
import pytest
from rclpy.action import get_action_server_names_and_types_by_node

POLICY = ROOT / 'config' / 'security' / 'face_affect.policy.xml'
NODE, NAMESPACE = 'face_affect', '/'
# Names that belong to an action
HIDDEN = '/_action/'

Grant = tuple[str, str]


def resolved(name: str) -> str:
    """Return the full name, by the rules of SROS2's policies."""
    if name.startswith('/'):
        return name
    return f'/{NODE}{name[1:]}' if name.startswith('~') else f'/{name}'


def granted() -> set[Grant]:
    """Return what the policy allows, as (verb, name)."""
    (profile,) = ElementTree.parse(POLICY).iter('profile')
    assert (profile.get('ns'), profile.get('node')) == (NAMESPACE, NODE)
    grants = [(verb, resolved(expression.text or ''), rule)
              for group in profile for verb, rule in group.items() for expression in group]
    assert all(rule == 'ALLOW' for _, _, rule in grants)
    found = {(verb, name) for verb, name, _ in grants}
    assert len(found) == len(grants)
    return found


def used(robot: Robot) -> set[Grant]:
    """Return what the graph shows of the node, as (verb, name)."""
    node = robot.node
    known = {
        'publish': node.get_publisher_names_and_types_by_node(NODE, NAMESPACE),
        'subscribe': node.get_subscriber_names_and_types_by_node(NODE, NAMESPACE),
        'reply': node.get_service_names_and_types_by_node(NODE, NAMESPACE),
        'request': node.get_client_names_and_types_by_node(NODE, NAMESPACE),
        'execute': get_action_server_names_and_types_by_node(node, NODE, NAMESPACE),
    }
    return {(verb, name) for verb, pairs in known.items() for name, _ in pairs
            if HIDDEN not in name}


def test_policy_is_exact_in_every_state(robot: Robot) -> None:
    pytest.importorskip('type_description_interfaces',
                        reason='before Iron there is no get_type_description')
    allowed = granted()
    raw, compressed = ('subscribe', '/image'), ('subscribe', '/image/compressed')
    robot.start_node(use_sim_time=True, publish_position=True)
    assert robot.state == 'unconfigured'
    assert used(robot) <= allowed
    for transport, absent in (('raw', compressed), ('compressed', raw)):
        assert robot.set_parameters(image_transport=transport)[0].successful
        assert robot.change_state('configure')
        assert used(robot) <= allowed
        assert robot.change_state('activate')
        robot.spin_until(lambda absent=absent: used(robot) == allowed - {absent},
                         f'what the policy grants with {transport} images, and nothing else')
        assert robot.change_state('deactivate')
        assert robot.change_state('cleanup')
    robot.spin_until(lambda: not used(robot) & {raw, compressed}, 'no subscription')
    assert used(robot) <= allowed


def test_policy_keeps_to_the_schema() -> None:
    policy = pytest.importorskip('sros2.policy', reason='needs SROS2')
    assert policy.load_policy(Path(POLICY)).find('enclaves/enclave').get('path') == '/face_affect'
