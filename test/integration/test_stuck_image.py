# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Processing that never ends: the node stays responsive and shuts down in time."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import signal

from harness import bgr_image, Camera, COLLINS, demo_picture, Process, Robot, Watcher
import numpy as np
import pytest
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool

END_SECONDS = 5.0
STUCK_HEIGHT = 48
# Python executes this file (sitecustomize) at the start of a process.
SITE = f"""
import importlib.util, sys, time

class Finder:
    def find_spec(self, name, path, target=None):
        if name != 'face_affect.core.pipeline':
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            process = module.Pipeline.process

            def stuck(self, image, *arguments):
                while image.shape[0] == {STUCK_HEIGHT}:
                    time.sleep(0.1)
                return process(self, image, *arguments)

            module.Pipeline.process = stuck

        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder())
"""


@pytest.fixture
def robot(tmp_path: Path) -> Iterator[Robot]:
    robot = Robot(tmp_path)
    yield robot
    robot.close()


@pytest.fixture
def stuck(robot: Robot, tmp_path: Path) -> tuple[Process, Watcher]:
    """Return an active node whose worker hangs in an image."""
    (tmp_path / 'sitecustomize.py').write_text(SITE)
    paths = f'PYTHONPATH={tmp_path}:{os.environ.get("PYTHONPATH", "")}'
    node = robot.start(
        'env',
        paths,
        'face_affect_node',
        '--ros-args',
        '-p',
        'autostart:=true',
        '-p',
        'confirm_frames:=1',
    )
    watcher = Watcher(robot, Camera(robot, '/image', Image))
    watcher.warm_up(bgr_image(demo_picture(COLLINS)))
    small = bgr_image(np.ascontiguousarray(demo_picture(COLLINS)[::10, ::10]))
    assert small.height == STUCK_HEIGHT
    watcher.camera.stream(small, 5)
    robot.wait_for_report(lambda report: report['message'].startswith('stalled'))
    watcher.camera.stop()
    return node, watcher


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
def test_a_signal_ends_the_node(stuck: tuple[Process, Watcher], number: signal.Signals) -> None:
    node, _ = stuck
    assert node.end(number, END_SECONDS) == 0, node.output
    assert 'its worker was given up' in node.output


@pytest.mark.parametrize('pause', [True, False], ids=['pause', 'deactivate'])
def test_the_node_goes_on_without_the_worker(stuck: tuple[Process, Watcher], pause: bool) -> None:
    node, watcher = stuck
    robot = watcher.robot
    before = int(robot.report()['frames processed'])
    if pause:
        answer = robot.ask(SetBool, '/face_affect/enable', SetBool.Request(data=False))
        assert answer.success and answer.message == 'paused'
    else:
        assert robot.change_state('deactivate')
        assert robot.state == 'inactive'
    report = robot.report()
    assert int(report['dropped: given_up']) == 1
    assert 'an image took too long' in report['last error']
    assert int(report['frames processed']) == before
    if pause:
        answer = robot.ask(SetBool, '/face_affect/enable', SetBool.Request(data=True))
        assert answer.success and answer.message == 'processing'
    else:
        assert robot.change_state('activate')
    assert watcher.look_at(bgr_image(demo_picture(COLLINS))).faces
    assert node.end(signal.SIGTERM, END_SECONDS) == 0, node.output
