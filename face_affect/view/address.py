# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The address of the live view."""

from __future__ import annotations

from dataclasses import dataclass
import ipaddress

LOOPBACK = '127.0.0.1'
DEFAULT_PORT = 8020
RISK = (
    'an address other than loopback exposes camera images and estimates, unencrypted, to '
    'everybody who has the URL with its random token or can read the traffic'
)


class ViewError(Exception):
    """The page cannot be served; the message has the reason and the remedy."""


@dataclass(frozen=True)
class Address:
    """The address of the page: an IP address of this machine and a port; port 0: any free one."""

    host: str = LOOPBACK
    port: int = DEFAULT_PORT

    def __post_init__(self) -> None:
        """Validate the address.

        Raises:
            ViewError: ``host`` is not an IP address, or ``port`` is not from 0 to 65535.

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
        """Whether the address is reachable only from this machine."""
        return ipaddress.ip_address(self.host).is_loopback
