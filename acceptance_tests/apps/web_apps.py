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
        settings: the pages of the settings, by what stands on their buttons; with each the pages and boxes behind it.
        sessions: that of the sessions, where ``device`` is what stands there of a Telethon client.
        leaves_by: what it asks for when the owner leaves a group: Web A takes it away for everybody.
        version: as it names itself to the server.
        spinners: a CSS selector of what turns or shimmers while something is waited for.
        messages: a CSS selector of what scrolls in a chat.
        arrow: a CSS selector of what leads to the newest of a chat.
        media: what ``media.send_media`` sent is seen by: CSS selectors, and how many of each there are.
        known: what the app throws by itself, whatever a server says (part of the complaint, and why).
    """

    settings: ClassVar[dict[str, tuple[str, ...]]]
    sessions: ClassVar[str]
    device: ClassVar[str]
    leaves_by: ClassVar[str]
    version: ClassVar[str]
    spinners: ClassVar[str]
    messages: ClassVar[str]
    arrow: ClassVar[str]
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

    async def until_newest(self, text: str, seconds: float) -> None:
        """Until that is seen in the chat that is open; by the arrow where the app has not gone there itself."""
        for _ in range(int(seconds)):
            if any(text in one for one in await self.browser.texts()):
                return
            if await self.browser.count(self.arrow):
                await self.browser.click(self.arrow)
            await self.browser.pause(1)
        await self.browser.until_text(text)

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
        """From a page on the left, or a box over it, to the one before."""
        raise NotImplementedError

    async def new_group(self, title: str, member: str) -> None:
        """From the list of chats to the new group."""
        raise NotImplementedError

    async def rename_group(self, title: str) -> None:
        """The open one; then its page is open beside it."""
        raise NotImplementedError

    async def add_member(self, name: str) -> None:
        """On the page of a group, somebody among the contacts."""
        raise NotImplementedError

    async def leave_group(self) -> None:
        """On the page of a group of one's own."""
        raise NotImplementedError

    async def end_session(self, device: str) -> None:
        """On the page of sessions, the one of which this stands there."""
        raise NotImplementedError

    async def log_out(self) -> None:
        """From the settings."""
        raise NotImplementedError


class WebA(WebApp):
    """Web A."""

    settings: ClassVar = {
        "General Settings": ("Chat Wallpaper",),
        "Animations and Performance": (),
        "Notifications": (),
        "Data and Storage": (),
        "Privacy and Security": (
            "Blocked users",
            "Passcode",
            "Second password",
            "Passkeys",
            "Who can see my phone number?",
            "Who can see when I was here?",
            "Who can see my pictures?",
            "Bio",
            "Birthday",
            "Gifts",
            "Who can link to my account in forwarded messages?",
            "Who can call me?",
            "Who can send me voice messages?",
            "Who can write to me?",
            "Who can add me to groups?",
        ),
        "Chat Folders": ("Create New Folder",),
        "Active Sessions": (),
        "Language": (),
        "Stickers and Emoji": ("Emoji",),
        "My Stars": (),
        "My Gram": (),
    }
    sessions = "Active Sessions"
    device = "PC 64bit"
    leaves_by = "messages.deleteChat"
    version = "12.0.32 A"
    spinners = ".Spinner, .Loading, .Skeleton"
    messages = ".MessageList"
    arrow = '[aria-label="Go to the newest"]'
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
    _confirm: ClassVar = "#RightColumn .FloatingActionButton.revealed"

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
        await self.browser.pause(1)  # the page of results takes the focus once more, and what was typed goes
        await self.browser.type(text)

    async def open_settings(self) -> None:
        await self.browser.click('[aria-label="Open menu"]')
        await self.browser.click_text("Settings")

    async def back(self) -> None:
        box = ".Modal.open"
        if await self.browser.count(box):
            await self.browser.click(f'{box} [aria-label="Close"], {box} .confirm-dialog-button.danger')
            for _ in range(20):
                if not await self.browser.count(box):
                    break
                await self.browser.pause(0.25)
        else:
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

    async def rename_group(self, title: str) -> None:
        await self.browser.click(".ChatInfo")
        await self.browser.click('#RightColumn [aria-label="Edit"]')
        await self.browser.click("#group-title")
        await self.browser.evaluate("document.activeElement.select()")
        await self.browser.type(title)
        await self.browser.click(self._confirm)
        await self.browser.until_text("You changed group name to")
        await self.browser.click('#RightColumn [aria-label="Back"]')

    async def add_member(self, name: str) -> None:
        await self.browser.click(self._confirm)
        await self.browser.click_text(name)
        await self.browser.click(self._confirm)

    async def leave_group(self) -> None:
        await self.browser.click('#RightColumn [aria-label="Edit"]')
        await self.browser.click_text("Delete group")
        await self.browser.click(".Modal.open .confirm-dialog-button.danger")

    async def end_session(self, device: str) -> None:
        # Behind the name stands its address, and more.
        await self.browser.click_text(device)
        await self.browser.click(".Modal.open .confirm-dialog-button.danger")

    async def log_out(self) -> None:
        await self.browser.click('#Settings [aria-label="More actions"]')
        await self.browser.click_text("Log out")
        await self.browser.click_text("Log out")


class WebK(WebApp):
    """Web K."""

    settings: ClassVar = {
        "Notifications and Sounds": (),
        "Data and Storage": ("Photos", "Videos", "Files"),
        "Privacy and Security": (
            "Blocked Users",
            "Auto-delete messages",
            "Passcode Lock",
            "Two-Step Verification",
            "Who can see my phone number?",
            "Who can see my Last Seen time?",
            "Who can see my profile photos?",
            "Who can see my bio?",
            "Who can call me?",
            "Who can add a link to my account when forwarding my messages?",
            "Who can add me?",
            "Who can see my birthday?",
            "Who can send me gifts?",
            "Who can see my saved music?",
        ),
        "General Settings": ("Chat Wallpaper", "Power Saving Mode"),
        "Chat Folders": ("CREATE FOLDER",),
        "Stickers and Emoji": ("Quick Reaction",),
        "Speakers and Camera": (),
        "Devices": (),
        "Language": ("Do Not Translate",),
        "Keyboard Shortcuts": (),
    }
    sessions = "Devices"
    device = "PC 64bit"
    leaves_by = "messages.deleteChatUser"
    version = "2.2"
    spinners = ".preloader, .preloader-container"
    _right: ClassVar = "#column-right .sidebar-slider-item.active"
    messages = ".bubbles-scrollable, .bubbles .scrollable-y"
    arrow = ".bubbles-go-down"
    media = {
        ".bubble.is-album img.media-photo": ALBUM,
        "audio-element.is-voice": 1,
        ".geo-container img.media-photo": 1,
        ".contact .contact-number": 1,
        ".bubble.sticker img.media-sticker": 1,
        # Dice are drawn on canvases.
        ".bubble.sticker-animated canvas.rlottie": 1,
    }
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
        if await self.browser.count(".popup.active"):
            await self.browser.press("Escape")
        else:
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

    async def rename_group(self, title: str) -> None:
        await self.browser.click(".chat-info")
        await self._edit_group()
        # Below it is the field of the description, which _fill would take.
        first = json.dumps(f"{self._right} .input-field-input")
        select = f"const e = document.querySelector({first}); e.focus(); getSelection().selectAllChildren(e)"
        await self.browser.evaluate(f"(() => {{{select}}})()")
        await self.browser.type(title)
        await self.browser.click(f"{self._right} .btn-corner.is-visible")

    async def _edit_group(self) -> None:
        await self.browser.click(f"{self._right} .btn-icon.rp:not(.btn-menu-toggle):not(.qr)")
        await self.browser.until_text("Group Type")

    async def add_member(self, name: str) -> None:
        await self.browser.click(f"{self._right} .btn-corner")
        await self.browser.until_text("Add Members")
        await self._click_row(self._right, name)
        await self.browser.click(f"{self._right} .btn-corner.is-visible")
        await self.browser.click_text("Add")

    async def leave_group(self) -> None:
        await self._edit_group()
        for _ in range(3):
            await self.browser.click_text("Delete and Leave Group")
            await self.browser.pause(2)
            # The page grows while it is being filled, and the click has met something else.
            if await self.browser.count(".popup.active"):
                break
        await self._answer_popup()

    async def _answer_popup(self) -> None:
        # One that is still coming takes no click.
        for _ in range(3):
            await self.browser.click(".popup.active .btn.danger")
            await self.browser.pause(1.5)
            if not await self.browser.count(".popup.active"):
                break

    async def end_session(self, device: str) -> None:
        await self._click_row(".sidebar-left .sidebar-slider-item.active", device)
        await self._answer_popup()

    async def _click_row(self, place: str, part: str) -> None:
        rows = f"[...document.querySelectorAll({json.dumps(place + ' .row')})]"
        find = f"{rows}.find(one => one.innerText.includes({json.dumps(part)}))"
        for _ in range(40):
            if await self.browser.evaluate(f"Boolean({find})"):
                break
            await self.browser.pause(0.25)
        await self.browser.evaluate(f"{find}.click()")

    async def log_out(self) -> None:
        await self.browser.click(".sidebar-slider-item.active .sidebar-header .btn-menu-toggle")
        await self.browser.click_text("Log out")
        await self.browser.pause(1)
        await self.browser.click_text("Log out")
