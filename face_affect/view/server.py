# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The HTTP server of the page: one thread, one address; it writes no files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
import ipaddress
from pathlib import Path
import secrets
import socket
import threading

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
import uvicorn

from face_affect.view.address import Address, LOOPBACK, ViewError
from face_affect.view.feeds import Feeds

PAGE = Path(__file__).with_name('page')
FILES = {'': 'index.html', 'view.css': 'view.css', 'view.js': 'view.js', 'icon.svg': 'icon.svg'}
PATIENCE = 5.0  # seconds without an item after which a keep-alive is sent
CONNECTIONS = 64  # maximum concurrent connections; a browser uses two or three
CLOSING_TIME = 1  # seconds for open connections at shutdown
BOUNDARY = 'picture'
PART_HEAD = f'--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n\r\n'.encode()
HEADERS = {
    'Cache-Control': 'no-store',
    # The page loads from this address only, and no other page can embed it or its images.
    'Content-Security-Policy': "default-src 'none'; img-src 'self'; script-src 'self'; "
    "style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
}


class ViewServer:
    """Serves the page on a thread of its own, from construction until ``close``."""

    def __init__(self, feeds: Feeds, address: Address | None = None) -> None:
        """Start the server.

        On an address other than loopback, access requires a random token in the URL.

        Args:
            feeds: what the page shows.
            address: None: the default port on loopback.

        Raises:
            ViewError: the port is in use, or the address is not one of this machine.

        """
        address = address or Address()
        self._feeds = feeds
        self._socket = _listen(address)
        port = self._socket.getsockname()[1]
        token = '' if address.loopback else f'{secrets.token_urlsafe(24)}/'
        self.url = f'http://{_name(address)}:{port}/{token}'
        # Against DNS rebinding: a foreign page that resolves to this address sends its own name.
        hosts = [LOOPBACK, '::1', '[::1]', 'localhost', address.host] if not token else ['*']
        self._server = uvicorn.Server(
            uvicorn.Config(
                _application(feeds, token, hosts),
                loop='asyncio',
                http='h11',
                ws='none',
                lifespan='off',
                log_config=None,
                log_level='critical',
                access_log=False,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=CONNECTIONS + 1,  # the first that is refused
                timeout_graceful_shutdown=CLOSING_TIME,
            )
        )
        self._thread = threading.Thread(target=self._run, name='view', daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def close(self) -> None:
        """End all connections and free the port."""
        self._feeds.close()
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> ViewServer:
        """Return the running server."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the server."""
        self.close()


def _listen(address: Address) -> socket.socket:
    version = ipaddress.ip_address(address.host).version
    listener = socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise ViewError(
            f'cannot serve the page on {address.host} port {address.port}: {error.strerror}; '
            'choose another port, 0 for any free one, or an address of this machine'
        ) from error
    return listener


def _name(address: Address) -> str:
    if ipaddress.ip_address(address.host).is_unspecified:
        return socket.gethostname()
    return f'[{address.host}]' if ':' in address.host else address.host


def _application(feeds: Feeds, token: str, hosts: list[str]) -> Starlette:
    rendering = asyncio.Lock()  # One image at a time: networks and caches are not thread-safe.

    async def file(request: Request) -> Response:
        return FileResponse(PAGE / FILES[request.url.path.rpartition('/')[2]])

    async def events(request: Request) -> Response:
        return StreamingResponse(_events(feeds), media_type='text/event-stream')

    async def picture(request: Request) -> Response:
        return _pictures(_annotated(feeds, rendering))

    async def saliency(request: Request) -> Response:
        text = request.query_params.get('face', '')
        if not (text.isascii() and text.isdigit() and len(text) <= 20):
            return PlainTextResponse(
                f'face is {text[:40]!r}, but must be the id of a face\n', status_code=400
            )
        return _pictures(_explained(feeds, rendering, int(text)))

    routes = [Route(f'/{name}', file, methods=['GET']) for name in FILES]
    routes += [
        Route('/events', events, methods=['GET']),
        Route('/picture', picture, methods=['GET']),
        Route('/saliency', saliency, methods=['GET']),
    ]
    return Starlette(
        routes=[Mount(f'/{token.rstrip("/")}', routes=routes)] if token else routes,
        middleware=[
            Middleware(_FixedHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
        ],
    )


class _FixedHeaders:
    """Adds HEADERS to every response."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def send_with_headers(message: Message) -> None:
            if message['type'] == 'http.response.start':
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _events(feeds: Feeds) -> AsyncIterator[str]:
    yield f'event: greeting\ndata: {feeds.greeting}\n\n'
    async for item in feeds.state.follow(PATIENCE):
        yield ': nothing new\n\n' if item is None else f'data: {item}\n\n'


def _pictures(parts: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(parts, media_type=f'multipart/x-mixed-replace; boundary={BOUNDARY}')


def _part(jpeg: bytes) -> bytes:
    # With the header of the next part: Chromium shows an image only when that arrives.
    return jpeg + b'\r\n' + PART_HEAD


async def _annotated(feeds: Feeds, rendering: asyncio.Lock) -> AsyncIterator[bytes]:
    yield PART_HEAD
    async for render in feeds.picture.follow(PATIENCE):
        if render is not None:
            async with rendering:
                jpeg = await asyncio.to_thread(render)
            yield _part(jpeg)


async def _explained(feeds: Feeds, rendering: asyncio.Lock, id: int) -> AsyncIterator[bytes]:
    yield PART_HEAD
    async for render in feeds.saliency.follow(PATIENCE):
        if render is not None:
            async with rendering:
                image = await asyncio.to_thread(render)
                jpeg = await asyncio.to_thread(feeds.saliency_of, id, image)
            if jpeg is not None:
                yield _part(jpeg)
