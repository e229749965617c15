# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
Sphinx: the guides, and the API from the docstrings. `make docs` builds them.

The source directory is the repository's root (`sphinx-build -c docs . OUTPUT`), so that links
between README.md and docs/ are those that a reader of the repository follows, and are checked.
"""

from pathlib import Path
import sys

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

project = 'face_affect'
author = 'the face_affect contributors'
copyright = f'2026 {author}, Apache-2.0'

root_doc = 'docs/index'
include_patterns = ['*.md', 'demo/NOTICE.md', 'docs/**']
# Not even searched: environments and what was built, which are large
exclude_patterns = ['.*', 'build', 'install', 'log', 'docs/templates']
extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.autosummary', 'sphinx.ext.napoleon']
source_suffix = {'.md': 'markdown', '.rst': 'restructuredtext'}
myst_heading_anchors = 3

templates_path = [str(ROOT / 'docs' / 'templates')]
autosummary_generate = True
autodoc_member_order = 'bysource'
autodoc_typehints_format = 'short'
# Whatever of ROS is installed where the documentation is built, it comes out the same.
autodoc_mock_imports = [
    'action_msgs',
    'ament_index_python',
    'builtin_interfaces',
    'cv_bridge',
    'diagnostic_msgs',
    'distributed',
    'face_affect_msgs',
    'geometry_msgs',
    'hri_msgs',
    'launch',
    'launch_ros',
    'lifecycle_msgs',
    'mcap',
    'plotly',
    'py_trees',
    'py_trees_ros',
    'rcl_interfaces',
    'rclpy',
    'rosbags',
    'rosgraph_msgs',
    'sensor_msgs',
    'std_msgs',
    'std_srvs',
    'unique_identifier_msgs',
    'visualization_msgs',
]

html_theme = 'alabaster'
html_theme_options = {'page_width': '75em', 'sidebar_width': '18em'}
