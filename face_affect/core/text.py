# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Text that came from outside, made fit for logs and answers."""

from __future__ import annotations

LIMIT = 500


def printable(text: object, limit: int = LIMIT) -> str:
    r"""Return ``text`` on one line, of at most ``limit`` (3 or more) characters.

    Control and format characters, line and paragraph separators, odd spaces and lone surrogates
    become Python's escapes, such as ``\n`` or ``\x1b``: such text cannot
    forge a log line, command a terminal or reverse the writing direction. A text that is too
    long loses its middle: an error keeps its beginning and end.
    """
    raw = str(text)
    if len(raw) > 2 * limit:  # Escaping never shortens: too long in any case
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
