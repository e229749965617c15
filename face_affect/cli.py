# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The command line face-affect: parser and entry point."""

from __future__ import annotations

import argparse
import io
import os
import sys

from face_affect import __version__
from face_affect.commands.bag import add_bag
from face_affect.commands.compare import add_compare
from face_affect.commands.evaluate import add_evaluate
from face_affect.commands.explain import add_explain
from face_affect.commands.models import add_models
from face_affect.commands.play import add_play
from face_affect.commands.report import add_report
from face_affect.commands.run import add_run
from face_affect.core.models import ModelError
from face_affect.extras import MissingExtraError
from face_affect.media import MediaError
from face_affect.signals import Interrupted, raised

COMMANDS = (
    add_run,
    add_explain,
    add_models,
    add_play,
    add_bag,
    add_report,
    add_compare,
    add_evaluate,
)
EXIT_ERROR = 2


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog='face-affect',
        description='Detect and track faces; estimate emotion and gender.',
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')
    commands = parser.add_subparsers(dest='command', required=True)
    for add in COMMANDS:
        add(commands)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code, 2 after an error.

    ``arguments`` default to those of the process.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Any file name can be printed in any locale.
        sys.stdout.reconfigure(errors='backslashreplace')
    parsed = make_parser().parse_args(arguments)
    try:
        with raised():
            return int(parsed.call(parsed))
    except BrokenPipeError:
        # The reader has closed the pipe; Python must not flush into it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Interrupted as interrupted:
        print(f'face-affect: ended by {interrupted}', file=sys.stderr)
        return interrupted.exit_code
    except (MediaError, MissingExtraError, ModelError, OSError, ValueError) as error:
        print(f'face-affect: error: {error}', file=sys.stderr)
        return EXIT_ERROR


if __name__ == '__main__':
    sys.exit(main())
