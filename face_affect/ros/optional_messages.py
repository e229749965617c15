# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Message packages that are imported only where a program or a parameter asks for them."""

from __future__ import annotations

import importlib
from typing import Any


class MissingMessagesError(ImportError):
    """A message package is not installed; the message says how to get it."""


def load_messages(package: str, kind: str, what: str) -> Any:
    """Return the module of a package's messages.

    Args:
        package: such as 'vision_msgs'.
        kind: a message that must be there: a folder of .msg files can be imported, too.
        what: needs the package; begins the error.

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
