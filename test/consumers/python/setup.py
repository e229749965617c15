# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from setuptools import setup

NAME = 'face_affect_consumer_py'

setup(
    name=NAME,
    version='0.1.0',
    packages=[NAME],
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
    ],
    entry_points={'console_scripts': [f'consumer = {NAME}.consumer:main']},
)
