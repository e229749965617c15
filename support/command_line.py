# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Argument parsers of programs run as ``python -m MODULE``."""

from __future__ import annotations

import argparse


def module_parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """Return the parser of ``python -m MODULE``; ``description`` is shown unwrapped."""
    return argparse.ArgumentParser(
        prog=f'python -m {module}',
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
