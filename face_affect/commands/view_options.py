# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The option --view: live view of a command in a browser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
import sys
from typing import TYPE_CHECKING

from face_affect.core.pipeline import Pipeline
from face_affect.core.saliency import Explainer
from face_affect.extras import MissingExtraError, needs
from face_affect.view.address import Address, DEFAULT_PORT, LOOPBACK, RISK, ViewError

if TYPE_CHECKING:
    from face_affect.view.feeds import PipelineFeeds


def add_view_options(parser: argparse.ArgumentParser) -> None:
    """Add --view, --view-port and --view-address."""
    group = parser.add_argument_group('live view')
    group.add_argument(
        '--view',
        action='store_true',
        help='show images and estimates in a browser until Ctrl-C; a video plays at its recorded '
        'rate, and nothing is written unless --output is given',
    )
    group.add_argument(
        '--view-port',
        type=int,
        default=DEFAULT_PORT,
        metavar='PORT',
        help='port of the page, 0 for any free one (default: %(default)s)',
    )
    group.add_argument(
        '--view-address',
        default=LOOPBACK,
        metavar='IP',
        help=f'address of the page (default: %(default)s). RISK: {RISK}',
    )


@contextmanager
def viewed(arguments: argparse.Namespace, pipeline: Pipeline) -> Iterator[PipelineFeeds | None]:
    """Serve the page if --view is given; yield its feeds, or None without a page.

    A page that cannot be served is a warning, and the command continues without it.
    """
    if not arguments.view:
        yield None
        return
    try:
        with needs('view', '--view'):
            from face_affect.view.feeds import PipelineFeeds
            from face_affect.view.server import ViewServer
    except MissingExtraError as error:
        print(f'face-affect: no page: {error}', file=sys.stderr)
        yield None
        return
    detector, *classifiers = pipeline.sidecars
    feeds = PipelineFeeds(arguments.input, Explainer(classifiers, detector.calibrated_as))
    try:
        server = ViewServer(feeds, Address(arguments.view_address, arguments.view_port))
    except ViewError as error:
        print(f'face-affect: no page: {error} (--view-port, --view-address)', file=sys.stderr)
        yield None
        return
    with server:
        print(f'page: {server.url}', file=sys.stderr)
        yield feeds
