"""Telegram Desktop 4.6.5 on a :class:`Screen`, and where its things are.

Its window has one size and is in the middle of the screen; its text is that of its own English.
"""

from pathlib import Path

from acceptance_tests.apps.screen import Screen

#: The version that it says of itself.
VERSION = "4.6.5"

#: What a box, a page or a menu needs to come or go.
_TO_CLOSE = 0.6
_MENU = {"new group": 252, "new channel": 294, "contacts": 336, "calls": 378, "saved": 420, "settings": 462}
_SETTINGS = {
    "profile": 306,
    "notifications": 347,
    "privacy": 388,
    "chats": 429,
    "advanced": 470,
    "calls": 511,
    "language": 552,
}
#: At the top of "Privacy and Security".
SECURITY = {"blocked": 238, "sessions": 279, "password": 361, "auto-delete": 402}
#: At its end.
PRIVACY = {"phone": 210, "last seen": 251, "photo": 291, "forwards": 332, "calls": 373, "groups": 414}


class Desktop:
    """Hands and eyes for one that runs."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    # Signing in and out

    async def start_messaging(self) -> None:
        """From the welcome to the QR code."""
        await self.screen.click(640, 518)

    async def by_number(self, number: str) -> None:
        """From the QR code to where the code is asked for; the number stands behind the +1 of the country."""
        await self.screen.click(640, 573)
        await self.screen.still("number")
        await self.screen.type(number, "Return")

    async def say_name(self, first: str, last: str) -> None:
        """Where a new account is asked for one."""
        await self.screen.type(first, "Tab")
        await self.screen.type(last)
        await self.screen.click(640, 487)

    async def log_out(self) -> None:
        """From the list of chats."""
        await self.open_settings()
        await self.screen.click(774, 140)
        await self.screen.still("settings-menu")
        await self.screen.click(715, 236)
        await self.screen.still("log-out")
        await self.screen.type("", "Return")

    # Around

    async def menu(self, name: str) -> Path:
        """What the main menu leads to, and how it looks then."""
        await self.screen.click(248, 113)
        await self.screen.pause(_TO_CLOSE)
        await self.screen.click(317, _MENU[name])
        return await self.screen.still(name.replace(" ", "-"))

    async def open_settings(self) -> Path:
        """From the list of chats."""
        return await self.menu("settings")

    async def settings_page(self, name: str) -> Path:
        """From the settings."""
        await self.screen.click(540, _SETTINGS[name])
        return await self.screen.still(f"settings-{name}")

    async def back(self) -> None:
        """From a page of the settings to the one before."""
        await self.screen.click(465, 139)
        await self.screen.pause(_TO_CLOSE)

    async def escape(self) -> None:
        """Close the box on top."""
        await self.screen.type("", "Escape")
        await self.screen.pause(_TO_CLOSE)

    async def search(self, text: str) -> Path:
        """In all chats."""
        await self.screen.click(390, 112)
        await self.screen.type(text)
        return await self.screen.still("search")

    # Chats

    async def open_chat(self, place: int) -> Path:
        """The one at that place of the list, from 0."""
        await self.screen.click(380, 173 + 65 * place)
        return await self.screen.still("chat")

    async def send(self, text: str) -> None:
        """In the chat that is open."""
        await self.screen.click(760, 690)
        await self.screen.type(text, "Return")

    async def attach(self, path: Path) -> None:
        """A photo or a file of this machine, to the chat that is open."""
        for _ in range(3):
            await self.screen.click(545, 692)
            # A box that is being closed takes a click.
            if await self.screen.has_window("Choose files"):
                break
        await self.screen.still("choose-file")
        await self.screen.type(str(path), "Return")
        await self.screen.still("send-file")
        await self.screen.type("", "Return")

    async def chat_info(self) -> Path:
        """Of the chat that is open."""
        await self.screen.click(700, 113)
        return await self.screen.still("chat-info")

    async def chat_menu(self) -> Path:
        """Of the chat that is open, behind the three dots."""
        await self.screen.click(1035, 113)
        return await self.screen.still("chat-menu")
