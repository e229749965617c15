# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Parsers of the programs that are started as ``python -m MODULE``."""

from __future__ import annotations

import argparse


def module_parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """Return the parser of ``python -m MODULE``; it shows ``description`` as it is written."""
    return argparse.ArgumentParser(
        prog=f'python -m {module}',
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
