"""Headless Chromium, driven over a pipe by its DevTools protocol: no driver, no library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAMS = ("chromium-headless-shell", "chromium", "chrome-headless-shell", "google-chrome")
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}


def find_browser() -> str | None:
    """Return the program, or None when there is none on this machine."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def needed_browser(*files: Path) -> str:
    """Return the program; without it, or one of the files, skip the test, or fail it in CI."""
    program = find_browser()
    if program is None or not all(path.exists() for path in files):
        if os.environ.get("CI"):
            pytest.fail("there is no browser, or no axe-core: `make browser` installs both")
        pytest.skip("`make browser` installs a browser and axe-core")
    return program


class Page:
    """One page of a browser."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._session: str | None = None
        self._number = 0
        self._rest = b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        self.call("Page.enable")
        self.call("Runtime.enable")
        self.call("Page.setBypassCSP", enabled=True)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method and return its result; events meanwhile are passed over."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, path: Path, *, width: int = 1200, height: int = 800, dark: bool = False) -> None:
        """Show a file and wait until it is loaded."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = "dark" if dark else "light"
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.go(path.as_uri())

    def go(self, address: str) -> None:
        """Show what is at an address and wait until it is loaded."""
        self.call("Page.navigate", url=address)
        while self._receive().get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, script: str) -> Any:
        """Return what a script's expression (or the promise of one) is."""
        result = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key; a single character types it."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = KEYS.get(key, 0)
        shared = {"key": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **shared)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def type(self, text: str) -> None:
        """Put a text into what has the focus."""
        self.call("Input.insertText", text=text)

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """Save what the page looks like."""
        import base64  # noqa: PLC0415 - for whoever looks, not for tests

        found = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = os.read(self._from, 1 << 16)
            assert data, "the browser has ended"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\0")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def browsing(program: str) -> Iterator[Page]:
    """Give a page of a new browser, which is ended afterwards."""
    to_browser = os.pipe()
    from_browser = os.pipe()
    command = (
        f"exec {program} --headless --no-sandbox --disable-gpu --hide-scrollbars"
        f" --remote-debugging-pipe about:blank 3<&{to_browser[0]} 4>&{from_browser[1]}"
    )
    process = subprocess.Popen(
        ["bash", "-c", command],
        pass_fds=(to_browser[0], from_browser[1]),
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser[0])
    os.close(from_browser[1])
    try:
        yield Page(to_browser[1], from_browser[0])
    finally:
        process.terminate()
        process.wait(10)
        os.close(to_browser[1])
        os.close(from_browser[0])
