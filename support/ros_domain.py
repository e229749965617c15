# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""ROS domains that no process on this machine uses."""

from __future__ import annotations

from contextlib import suppress
import itertools
import os
import socket

# 1 to 100 are domains whose ports are free on every system.
_numbers = itertools.count(os.getpid())


def free_domain() -> int:
    """Return another free domain at each call.

    Raises:
        RuntimeError: there is none.

    """
    for number in itertools.islice(_numbers, 100):
        domain = 1 + number % 100
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
            # The port of a domain's first participant, by the rules of DDSI-RTPS
            probe.bind(('', 7410 + 250 * domain))
            return domain
    raise RuntimeError('no ROS domain is free')
