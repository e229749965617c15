# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Allocation of ROS domains that no process on this machine uses."""

from __future__ import annotations

from contextlib import suppress
import itertools
import os
import socket

# The ports of domains 1 to 100 are outside of the ephemeral range on every system.
_numbers = itertools.count(os.getpid())


def free_domain() -> int:
    """Return a free domain, 1..100, a different one at each call.

    Raises:
        RuntimeError: all domains are in use.

    """
    for number in itertools.islice(_numbers, 100):
        domain = 1 + number % 100
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
            # Port of the domain's first participant (DDSI-RTPS)
            probe.bind(('', 7410 + 250 * domain))
            return domain
    raise RuntimeError('all ROS domains from 1 to 100 are in use; end other ROS processes')
