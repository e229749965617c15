# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Escaping of untrusted text for logs and service responses."""

from __future__ import annotations

LIMIT = 500


def printable(text: object, limit: int = LIMIT) -> str:
    r"""Return ``text`` on one line, of at most ``limit`` (3 or more) characters.

    Control and format characters, line and paragraph separators, odd spaces and lone surrogates
    are replaced by Python's escapes, such as ``\n`` or ``\x1b``: untrusted text cannot forge a
    log line, control a terminal or reverse the writing direction. The middle of a longer text
    is cut out, which keeps the beginning and end of an error message.
    """
    raw = str(text)
    if len(raw) > 2 * limit:  # Bounds the work; escaping never shortens a text.
        raw = raw[:limit] + raw[-limit:]
    escaped = ''.join(
        character
        if character.isprintable()
        else character.encode('unicode_escape').decode('ascii')
        for character in raw
    )
    if len(escaped) <= limit:
        return escaped
    tail = (limit - 1) // 2
    return f'{escaped[: limit - 1 - tail]}…{escaped[-tail:]}'
