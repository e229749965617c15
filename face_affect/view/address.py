# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Where the page is served."""

from __future__ import annotations

from dataclasses import dataclass
import ipaddress

LOOPBACK = '127.0.0.1'
DEFAULT_PORT = 8020
RISK = (
    'an address other than loopback shows the camera picture and the estimates, unencrypted, to '
    'everybody who has the URL with its random token or can read the traffic'
)


class ViewError(Exception):
    """The page cannot be served; the message says why and what to do."""


@dataclass(frozen=True)
class Address:
    """Where the page is served: an IP address of this machine and a port; 0 is any free one."""

    host: str = LOOPBACK
    port: int = DEFAULT_PORT

    def __post_init__(self) -> None:
        """Validate the address.

        Raises:
            ViewError: it is not an IP address, or the port is out of range.

        """
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            raise ViewError(
                f'cannot serve the page on {self.host!r}: expected an IP address of this machine, '
                f'such as {LOOPBACK}, or 0.0.0.0 for all of them'
            ) from None
        if not 0 <= self.port <= 65535:
            raise ViewError(
                f'cannot serve the page on port {self.port}: expected a port from 0 to 65535'
            )

    @property
    def loopback(self) -> bool:
        """Whether only programs of this machine reach it."""
        return ipaddress.ip_address(self.host).is_loopback
