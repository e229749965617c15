# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Build the ROS-free package for pip; what it is and needs stands in setup.cfg."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=['face_affect', 'face_affect.*']), 'face_affect.models'],
    package_dir={'face_affect.models': 'models'},
    package_data={'face_affect.models': ['*']},
)
