# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Import optional message packages, which only some programs and parameters need."""

from __future__ import annotations

import importlib
from typing import Any


class MissingMessagesError(ImportError):
    """A message package is not installed; the message says how to install it."""


def load_messages(package: str, kind: str, what: str) -> Any:
    """Return the module with the messages of ``package``.

    Args:
        package: such as 'vision_msgs'.
        kind: a message type to check for, since a folder of .msg files can be imported, too.
        what: the program or parameter that needs the package, for the error.

    Raises:
        MissingMessagesError: the package is not installed, or not for this Python.

    """
    try:
        module = importlib.import_module(f'{package}.msg')
        getattr(module, kind)
    except (ImportError, AttributeError) as error:
        raise MissingMessagesError(
            f'{what} needs {package} ({error}): '
            f'sudo apt install ros-$ROS_DISTRO-{package.replace("_", "-")}'
        ) from error
    return module
