"""A headless Chromium, told what to do by its DevTools protocol (Page, Runtime, Input, DOM, Emulation)."""

import base64
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

import treq
from autobahn.twisted.websocket import create_client_agent

NAMES = ("chromium", "chromium-browser", "google-chrome")
_SECONDS_TO_START = 30
_KEYS = {"Enter": 13, "Escape": 27, "Tab": 9}

#: The middle of the elements that a text stands in and that nothing else covers; the last is the topmost.
_PLACES_OF_TEXT = """
(text => {
  const places = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    if (node.textContent.trim().toLowerCase() !== text.toLowerCase()) continue;
    const element = node.parentElement;
    element.scrollIntoViewIfNeeded();
    const box = element.getBoundingClientRect();
    const x = box.x + box.width / 2, y = box.y + box.height / 2;
    const top = document.elementFromPoint(x, y);
    // What lies over a text within its own button is a part of that.
    const whole = element.closest('button, a, li, .row, .ListItem, .btn-menu-item, [role=button]') || element;
    if (box.width && top && (top.contains(element) || whole.contains(top))) places.push([x, y]);
  }
  return places.pop();
})"""
_PLACE_OF_ELEMENT = """
(selector => {
  const seen = [...document.querySelectorAll(selector)].map(one => one.getBoundingClientRect())
    .filter(box => box.width && box.height && box.x >= 0 && box.x < innerWidth && box.y < innerHeight);
  const box = seen.pop();
  return box && [box.x + box.width / 2, box.y + box.height / 2];
})"""
#: What can be seen of the page, without scrolling.
_SEEN = """
  const isSeen = element => {
    const box = element.getBoundingClientRect();
    return box.width && box.height && box.x < innerWidth && box.y < innerHeight && box.right > 0 && box.bottom > 0
      && element.checkVisibility({opacityProperty: true, visibilityProperty: true});
  };"""
_TEXTS = f"""
(() => {{
  {_SEEN}
  const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();)
    if (node.textContent.trim() && isSeen(node.parentElement)) texts.push(node.textContent.trim());
  return texts;
}})()"""
_COUNT = f"""
(selector => {{
  {_SEEN}
  return [...document.querySelectorAll(selector)].filter(isSeen).length;
}})"""


def find_chromium() -> str | None:
    """An installed one; None when there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page of it.

    Attributes:
        complaints: uncaught exceptions and errors that the page wrote on its console.
    """

    def __init__(self, reactor: Any, directory: Path, pictures: Path) -> None:
        """
        Args:
            directory: for its profile.
            pictures: a directory for screenshots.
        """
        self._reactor = reactor
        self._directory = directory
        self._pictures = pictures
        self._pictures.mkdir(parents=True, exist_ok=True)
        self._count = 0
        self._asked: dict[int, Deferred[Any]] = {}
        self._choosers: list[int] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: Any = None
        self.complaints: list[str] = []

    async def start(self) -> None:
        """Until its page listens to us."""
        chromium = find_chromium()
        assert chromium is not None
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,900", "--lang=en"]
        flags += ["--remote-debugging-port=0", "--remote-allow-origins=*", f"--user-data-dir={self._directory}"]
        self._process = _spawn([chromium, *flags, "about:blank"])
        told = self._directory / "DevToolsActivePort"
        for _ in range(4 * _SECONDS_TO_START):
            if told.exists() and "\n" in told.read_text():
                break
            await self.pause(0.25)
        port = told.read_text().split()[0]
        response = await treq.get(f"http://127.0.0.1:{port}/json/list", persistent=False)
        [page] = [one for one in json.loads(await response.text()) if one["type"] == "page"]
        self._socket = await create_client_agent(self._reactor).open(page["webSocketDebuggerUrl"], {})
        self._socket.on("message", self._heard)
        for domain in ("Runtime", "Page", "DOM"):
            await self.ask(f"{domain}.enable")
        await self.ask("Page.setInterceptFileChooserDialog", enabled=True)
        # Who looks elsewhere has read nothing.
        await self.ask("Emulation.setFocusEmulationEnabled", enabled=True)

    async def close(self) -> None:
        """With all its processes."""
        if self._socket is not None:
            self._socket.sendClose()
            await self._socket.is_closed
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    # What goes over the socket

    async def ask(self, method: str, **arguments: Any) -> Any:
        """One method of the protocol."""
        number = len(self._asked)
        answer: Deferred[Any] = Deferred()
        self._asked[number] = answer
        self._socket.sendMessage(json.dumps({"id": number, "method": method, "params": arguments}).encode())
        return await answer.addTimeout(60, self._reactor)

    def _heard(self, data: bytes, is_binary: bool = False) -> None:
        message = json.loads(data)
        if "id" in message:
            self._asked[message["id"]].callback(message.get("result"))
            return
        what = message["params"]
        if message["method"] == "Runtime.exceptionThrown":
            details = what["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif message["method"] == "Runtime.consoleAPICalled" and what["type"] == "error":
            self.complaints.append(" ".join(str(one.get("description", one.get("value"))) for one in what["args"]))
        elif message["method"] == "Page.fileChooserOpened":
            self._choosers.append(what["backendNodeId"])

    async def evaluate(self, expression: str) -> Any:
        """A JavaScript expression's value."""
        answer = await self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    # Eyes

    async def pause(self, seconds: float) -> None:
        """Let it draw."""
        await deferLater(self._reactor, seconds)

    async def picture(self, name: str) -> Path:
        """A screenshot, kept under that name behind its number."""
        self._count += 1
        path = self._pictures / f"{self._count:02d}-{name}.png"
        path.write_bytes(base64.b64decode((await self.ask("Page.captureScreenshot"))["data"]))
        return path

    async def count(self, selector: str) -> int:
        """How many elements of a CSS selector are in sight."""
        return int(await self.evaluate(f"{_COUNT}({json.dumps(selector)})"))

    async def texts(self) -> list[str]:
        """Every text in sight, covered ones too."""
        found: list[str] = await self.evaluate(_TEXTS)
        return found

    async def until(self, there: Callable[[list[str]], bool], what: str, seconds: float = 20) -> None:
        """Until the page's texts are as wanted."""
        for _ in range(int(4 * seconds)):
            if there(await self.texts()):
                return
            await self.pause(0.25)
        path = await self.picture("missing")
        raise AssertionError(f"not there within {seconds:g} s: {what}; see {path}")

    async def until_text(self, text: str, seconds: float = 20) -> None:
        """Until a text of the page contains this one."""
        await self.until(lambda texts: any(text in one for one in texts), text, seconds)

    async def until_drawn(self, selector: str, count: int, seconds: float = 20) -> None:
        """Until there are at least so many elements of a CSS selector, in sight or not."""
        for _ in range(int(4 * seconds)):
            if await self.evaluate(f"document.querySelectorAll({json.dumps(selector)}).length") >= count:
                return
            await self.pause(0.25)
        path = await self.picture("missing")
        raise AssertionError(f"fewer than {count} of {selector}; see {path}")

    # Hands

    async def scroll(self, selector: str, points: int) -> None:
        """What has that CSS selector, down; up where it is negative."""
        await self.evaluate(f"document.querySelector({json.dumps(selector)}).scrollBy(0, {points})")

    async def open(self, address: str) -> None:
        """Go there."""
        await self.ask("Page.navigate", url=address)

    async def point_at(self, x: float, y: float) -> None:
        """Without clicking."""
        await self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    async def click_at(self, x: float, y: float) -> None:
        """With the left button."""
        await self.point_at(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            await self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def click(self, selector: str, seconds: float = 10) -> None:
        """The last visible element of a CSS selector, once there is one and it stands still."""
        await self._click_found(f"{_PLACE_OF_ELEMENT}({json.dumps(selector)})", selector, seconds)

    async def click_text(self, text: str, seconds: float = 10) -> None:
        """Where exactly that text stands, in whatever case."""
        await self._click_found(f"{_PLACES_OF_TEXT}({json.dumps(text)})", text, seconds)

    async def _click_found(self, find: str, what: str, seconds: float) -> None:
        before = None
        for _ in range(int(5 * seconds)):
            place = await self.evaluate(find)
            if place and place == before:
                await self.click_at(*place)
                return
            before = place
            await self.pause(0.2)
        path = await self.picture("missing")
        raise AssertionError(f"not there to click on: {what}; see {path}")

    async def type(self, text: str, *keys: str) -> None:
        """Into what has the focus; then these keys."""
        await self.ask("Input.insertText", text=text)
        for key in keys:
            await self.press(key)

    async def press(self, key: str) -> None:
        """``Enter``, ``Escape`` or ``Tab``."""
        more = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            await self.ask(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=_KEYS[key], **more
            )

    async def choose_file(self, path: Path) -> None:
        """In the dialog that the page has asked for."""
        for _ in range(40):
            if self._choosers:
                await self.ask("DOM.setFileInputFiles", files=[str(path)], backendNodeId=self._choosers.pop())
                return
            await self.pause(0.25)
        raise AssertionError("the page asked for no file")


def _spawn(command: list[str]) -> "subprocess.Popen[bytes]":
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)
