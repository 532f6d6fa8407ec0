"""Telegram Web A 12 and Web K 2.2 in a :class:`Browser`, and where their things are.

Texts are the apps' own English, or that of the server's language packs (``teamgram/bff/english``).
"""

import json
from pathlib import Path
from typing import ClassVar

from acceptance_tests.apps.browser import Browser
from acceptance_tests.apps.media import ALBUM


class WebApp:
    """What both can.

    Attributes:
        settings: the pages of the settings, by what stands on their buttons.
        spinners: a CSS selector of what turns or shimmers while something is waited for.
        messages: a CSS selector of what scrolls in a chat.
        media: what ``media.send_media`` sent is seen by: CSS selectors, and how many of each there are.
        known: what the app throws by itself, whatever a server says (part of the complaint, and why).
    """

    settings: ClassVar[tuple[str, ...]]
    spinners: ClassVar[str]
    messages: ClassVar[str]
    media: ClassVar[dict[str, int]]
    known: ClassVar[dict[str, str]] = {}

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    async def by_number(self, number: str) -> None:
        """From the QR code to where the code is asked for."""
        raise NotImplementedError

    async def say_name(self, first: str) -> None:
        """Where a new account is asked for one."""
        raise NotImplementedError

    async def open_chat(self, title: str) -> None:
        """From the list of chats."""
        await self.browser.click_text(title)

    async def send(self, text: str) -> None:
        """To the chat that is open."""
        raise NotImplementedError

    async def attach(self, path: Path, kind: str) -> None:
        """To the chat that is open.

        Args:
            kind: ``Photo or Video`` or ``File``.
        """
        raise NotImplementedError

    async def search(self, text: str) -> None:
        """In all chats."""
        raise NotImplementedError

    async def open_settings(self) -> None:
        """From the list of chats."""
        raise NotImplementedError

    async def back(self) -> None:
        """From a page on the left to the one before."""
        raise NotImplementedError

    async def new_group(self, title: str, member: str) -> None:
        """From the list of chats to the new group."""
        raise NotImplementedError

    async def log_out(self) -> None:
        """From the settings."""
        raise NotImplementedError


class WebA(WebApp):
    """Web A."""

    settings = (
        "General Settings",
        "Animations and Performance",
        "Notifications",
        "Data and Storage",
        "Privacy and Security",
        "Chat Folders",
        "Active Sessions",
        "Language",
        "Stickers and Emoji",
    )
    spinners = ".Spinner, .Loading, .Skeleton"
    messages = ".MessageList"
    media = {
        ".Album img.full-media": ALBUM,
        ".waveform canvas": 1,
        ".Message img.sticker-media": 1,
        ".Location img.full-media": 1,
        # Of a contact who is here, to write to them.
        ".content-inner button.tiny.translucent": 1,
        # Dice are drawn on canvases.
        ".Message .AnimatedSticker canvas.rlottie-canvas": 1,
    }

    async def by_number(self, number: str) -> None:
        await self.browser.click_text("Log in by phone Number", 30)
        await self.browser.click("#sign-in-phone-number")
        await self.browser.evaluate("document.querySelector('#sign-in-phone-number').select()")
        await self.browser.type(number)
        await self.browser.pause(1)  # it takes no Enter before it has looked at the number
        await self.browser.press("Enter")

    async def say_name(self, first: str) -> None:
        await self.browser.click("#registration-first-name")
        await self.browser.type(first)
        await self.browser.click("button[type=submit]")

    async def send(self, text: str) -> None:
        await self.browser.click("#editable-message-text")
        await self.browser.type(text, "Enter")

    async def attach(self, path: Path, kind: str) -> None:
        await self.browser.click("#attach-menu-button")
        await self.browser.click_text(kind)
        await self.browser.choose_file(path)
        await self.browser.click("#editable-message-text-modal")
        await self.browser.press("Enter")

    async def search(self, text: str) -> None:
        await self.browser.click("#telegram-search-input")
        await self.browser.type(text)

    async def open_settings(self) -> None:
        await self.browser.click('[aria-label="Open menu"]')
        await self.browser.click_text("Settings")

    async def back(self) -> None:
        await self.browser.click_at(49, 48)

    async def new_group(self, title: str, member: str) -> None:
        await self.browser.point_at(170, 400)  # the button comes when somebody is there
        await self.browser.pause(1)
        await self.browser.click_at(296, 701)
        await self.browser.click_text("New Group")
        await self.browser.click_text(member)
        await self.browser.pause(1)
        await self.browser.click_at(296, 701)
        await self.browser.click('[aria-label="Group name"]')
        await self.browser.evaluate("document.activeElement.select()")
        await self.browser.type(title)
        await self.browser.click_at(296, 701)

    async def log_out(self) -> None:
        await self.browser.click('#Settings [aria-label="More actions"]')
        await self.browser.click_text("Log out")
        await self.browser.click_text("Log out")


class WebK(WebApp):
    """Web K."""

    settings = (
        "Notifications and Sounds",
        "Data and Storage",
        "Privacy and Security",
        "General Settings",
        "Chat Folders",
        "Stickers and Emoji",
        "Speakers and Camera",
        "Devices",
        "Language",
        "Keyboard Shortcuts",
    )
    spinners = ".preloader, .preloader-container"
    messages = ".bubbles-scrollable, .bubbles .scrollable-y"
    media = {}
    known = {
        "reading 'classList'": "it selects a tab of folders before it has drawn one, also when no server answers",
        "stickersAndEmoji": "its page of stickers reads the quick reaction without asking whether there are any",
    }

    async def by_number(self, number: str) -> None:
        await self.browser.click("button.btn-secondary", 30)
        await self._fill(".input-field-input[inputmode=decimal]", number)
        await self.browser.click_text("Next")

    async def _fill(self, selector: str, text: str) -> None:
        await self.browser.click(selector)
        insert = f"document.execCommand('selectAll'); document.execCommand('insertText', false, {json.dumps(text)})"
        await self.browser.evaluate(insert)

    async def say_name(self, first: str) -> None:
        await self.browser.evaluate("document.querySelector('.input-field-input.is-empty').focus()")
        await self.browser.type(first)
        await self.browser.click_text("Start messaging")

    async def send(self, text: str) -> None:
        await self.browser.click(".input-message-input")
        await self.browser.type(text, "Enter")

    async def attach(self, path: Path, kind: str) -> None:
        await self.browser.click(".attach-file")
        await self.browser.click_text("Document" if kind == "File" else kind)
        await self.browser.choose_file(path)
        await self.browser.click(".popup-send-photo .input-message-input, .popup-new-media .input-message-input")
        await self.browser.press("Enter")

    async def search(self, text: str) -> None:
        await self.browser.click(".input-search-input")
        await self.browser.type(text)

    async def open_settings(self) -> None:
        await self.browser.click(".sidebar-tools-button")
        await self.browser.click_text("Settings")

    async def back(self) -> None:
        await self.browser.click(".sidebar-left .sidebar-slider-item.active .sidebar-close-button")

    async def new_group(self, title: str, member: str) -> None:
        await self.browser.click("#new-menu, .btn-corner.is-visible")
        await self.browser.click_text("New Group")
        await self.browser.pause(1)
        await self.browser.click_text(member)
        await self.browser.click(".sidebar-slider-item.active .btn-corner")
        await self.browser.pause(1.5)  # it proposes a name of its own
        await self._fill(".sidebar-slider-item.active .input-field-input", title)
        await self.browser.click(".sidebar-slider-item.active .btn-corner")

    async def log_out(self) -> None:
        await self.browser.click(".sidebar-slider-item.active .sidebar-header .btn-menu-toggle")
        await self.browser.click_text("Log out")
        await self.browser.pause(1)
        await self.browser.click_text("Log out")
