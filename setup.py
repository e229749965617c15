# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Build the ROS-free package for pip; what it is and needs stands in setup.cfg."""

from pathlib import Path

from setuptools import find_packages, setup

# Of files that the code reads
FOLDERS = {'face_affect.models': 'models', 'face_affect.msg': 'face_affect_msgs/msg'}
MODELS = (Path(__file__).parent / 'models' / 'installed.txt').read_text().split()

setup(
    packages=[*find_packages(include=['face_affect', 'face_affect.*']), *FOLDERS],
    package_dir=FOLDERS,
    package_data={
        'face_affect': ['py.typed'],
        'face_affect.bags.report': ['templates/*'],
        'face_affect.models': [
            f'{name}.{suffix}' for name in MODELS for suffix in ('json', 'tflite')
        ],
        'face_affect.msg': ['*'],
        'face_affect.view': ['page/*'],
    },
)
