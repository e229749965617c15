# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Remote control of a headless Chromium by chromedriver (WebDriver protocol)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path
import re
import shutil
import subprocess
import tempfile
import time
from typing import Any, cast, IO
import urllib.request

PROGRAMS = ('chromium', 'chromedriver')
ARGUMENTS = (
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--hide-scrollbars',
)
DEADLINE = 30.0  # seconds, also for a busy machine
POLL = 0.05  # seconds


def missing() -> str:
    """Return the names of missing programs, separated by commas; '' if all are installed."""
    return ', '.join(name for name in PROGRAMS if shutil.which(name) is None)


class Browser:
    """One browser window."""

    def __init__(self, driver: str, session: str) -> None:
        """Use a session of the chromedriver at address ``driver``."""
        self._session = f'{driver}/session/{session}'

    def open(self, url: str) -> None:
        """Load the page at ``url``."""
        _call(f'{self._session}/url', {'url': url})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a JavaScript function; return its value."""
        return _call(f'{self._session}/execute/sync', {'script': script, 'args': arguments})

    def wait(self, script: str, *arguments: Any) -> Any:
        """Run ``script`` repeatedly until it returns a true value; return the value.

        Raises:
            TimeoutError: there was none within DEADLINE.

        """
        end = time.monotonic() + DEADLINE
        while not (value := self.run(script, *arguments)):
            if time.monotonic() > end:
                raise TimeoutError(f'script returned no true value within {DEADLINE} s: {script}')
            time.sleep(POLL)
        return value

    def screenshot(self) -> bytes:
        """Return the window's content as PNG."""
        return base64.b64decode(_call(f'{self._session}/screenshot'))

    def errors(self) -> list[str]:
        """Return the errors that the page has logged since the last call."""
        entries = _call(f'{self._session}/se/log', {'type': 'browser'})
        return [entry['message'] for entry in entries if entry['level'] == 'SEVERE']


def _call(url: str, body: dict[str, Any] | None = None, method: str = '') -> Any:
    request = urllib.request.Request(
        url,
        None if body is None else json.dumps(body).encode(),
        {'Content-Type': 'application/json'},
        method=method or ('GET' if body is None else 'POST'),
    )
    # chromedriver is local: bypass proxies of the environment.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=DEADLINE) as response:
        return json.loads(response.read())['value']


@contextmanager
def chromedriver() -> Iterator[str]:
    """Run a chromedriver in the block; yield its address.

    Raises:
        RuntimeError: it does not start.

    """
    process = subprocess.Popen(
        [shutil.which('chromedriver') or 'chromedriver', '--port=0'],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = cast(IO[str], process.stdout)
    try:
        for line in output:
            if found := re.search(r'successfully on port (\d+)', line):
                yield f'http://127.0.0.1:{found[1]}'
                return
        raise RuntimeError('chromedriver ended before it listened on a port; run it by hand')
    finally:
        process.terminate()
        process.wait()
        output.close()


@contextmanager
def window(driver: str, width: int, height: int, mobile: bool = False) -> Iterator[Browser]:
    """Open a window of that size in CSS pixels with a temporary profile, for the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options: dict[str, Any] = {
            'binary': shutil.which('chromium'),
            'args': [*ARGUMENTS, f'--user-data-dir={profile}', f'--window-size={width},{height}'],
        }
        if mobile:
            options['mobileEmulation'] = {
                'deviceMetrics': {'width': width, 'height': height, 'pixelRatio': 2}
            }
        wanted = {'goog:chromeOptions': options, 'goog:loggingPrefs': {'browser': 'ALL'}}
        answer = _call(f'{driver}/session', {'capabilities': {'alwaysMatch': wanted}})
        session = answer['sessionId']
        try:
            yield Browser(driver, session)
        finally:
            _call(f'{driver}/session/{session}', method='DELETE')


def write_screenshot(browser: Browser, path: Path) -> None:
    """Write the window's content as PNG."""
    path.write_bytes(browser.screenshot())
