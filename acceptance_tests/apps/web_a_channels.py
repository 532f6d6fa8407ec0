"""Telegram Web A where people have channels, supergroups, comments, topics, polls, folders and scheduled messages."""

from acceptance_tests.apps.web_apps import WebA

_SAVE = "#RightColumn .FloatingActionButton.revealed"


class WebAChannels(WebA):
    """What its user does there; where it is done is a page of the chat that is open."""

    known = {"reading 'stickers'": "it looks into the set of topics' icons, which this server has none of"}

    async def new_channel(self, title: str, subscriber: str) -> None:
        """From the list of chats to the new channel."""
        browser = self.browser
        await self._begin("New Channel")
        await browser.click_text(subscriber)
        await browser.pause(1)
        await browser.click_at(296, 701)
        await browser.pause(1)
        await browser.click('[aria-label="Enter channel name"]')
        await browser.type(title)
        await browser.pause(0.5)
        await browser.click_at(296, 701)
        await browser.until_text("Channel created")

    async def _begin(self, kind: str) -> None:
        await self.browser.point_at(170, 400)  # the button comes when somebody is there
        await self.browser.pause(1)
        await self.browser.click_at(296, 701)
        await self.browser.click_text(kind)

    async def react(self, place: int) -> None:
        """To the newest message, with that one of those that are offered first."""
        await self.right_click(".Message .text-content", 20, 10)
        await self.browser.pause(2)  # it flies in
        await self.browser.click(f".ReactionSelector__reactions > :nth-child({place + 1})")

    async def right_click(self, selector: str, dx: float, dy: float) -> None:
        """On the last of what has that CSS selector, that far from its corner."""
        browser = self.browser
        corner = await browser.evaluate(
            f"(box => [box.x, box.y])([...document.querySelectorAll('{selector}')].at(-1).getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await browser.ask(
                "Input.dispatchMouseEvent",
                type=kind,
                x=corner[0] + dx,
                y=corner[1] + dy,
                button="right",
                clickCount=1,
            )

    async def edit_chat(self) -> None:
        """The page on which the open one is changed."""
        await self.browser.click(".ChatInfo")
        await self.browser.click('#RightColumn [aria-label="Edit"]')

    async def close_page(self) -> None:
        """What is open beside the chat."""
        for _ in range(4):
            if await self.browser.count('#RightColumn [aria-label="Close"]'):
                await self.browser.click('#RightColumn [aria-label="Close"]')
                break
            await self.browser.click('#RightColumn [aria-label="Back"]')
            await self.browser.pause(0.7)
        await self.browser.pause(0.7)

    async def link_group(self, title: str) -> None:
        """Have comments on the channel in that group."""
        await self.edit_chat()
        await self.browser.click_text("Discussion")
        await self.browser.pause(1)
        await self.browser.click_text(title)
        await self.browser.click_text("Link group")

    async def comment(self, text: str) -> None:
        """Under the newest post, which has none yet; stays there."""
        await self.browser.click_text("Leave a comment")
        await self.browser.until(lambda texts: "Leave a comment" not in texts, "the thread")
        await self.browser.pause(1)
        await self.send(text)
        await self.browser.until_text(text)

    async def schedule(self, text: str) -> None:
        """In a month's middle."""
        browser = self.browser
        await browser.click("#editable-message-text")
        await browser.type(text)
        await browser.pause(0.7)
        await self.right_click(".main-button.send", 20, 20)
        await browser.click_text("Schedule message")
        await browser.pause(1)
        await browser.click(".CalendarModal .month-selector button:last-child")
        await browser.pause(0.7)
        await browser.click_text("15")
        await browser.click(".CalendarModal .footer .footer .Button")

    async def new_folder(self, name: str, chat: str) -> None:
        """With that chat in it; to the list of chats."""
        browser = self.browser
        await self.open_settings()
        await browser.click_text("Chat Folders")
        await browser.click_text("Create New Folder")
        await browser.click('[aria-label="Folder name"]')
        await browser.type(name)
        await browser.pause(0.7)
        await browser.click_at(118, 428)  # the first of two that say "Add Chats"
        await browser.pause(0.7)
        # Its name stands over the open chat, too.
        x, y = await browser.evaluate(
            "(box => [box.x + 20, box.y + 8])([...document.querySelectorAll('#LeftColumn *')]"
            f".filter(one => !one.children.length && one.textContent === '{chat}').at(-1).getBoundingClientRect())"
        )
        await browser.click_at(x, y)
        await browser.click('[aria-label="Save"]')
        await browser.pause(0.7)
        await browser.click('[aria-label="Create folder"]')
        await browser.pause(1)
        for _ in range(2):
            await self.back()
            await browser.pause(0.7)

    async def make_forum(self) -> None:
        """Of the group that is open; to its list of topics."""
        await self.edit_chat()
        await self.browser.click_text("Topics")
        await self.browser.until_text("General")

    async def new_topic(self, title: str) -> None:
        """In a forum that has none yet; stays in it."""
        await self.browser.click_text("Create topic")
        await self.browser.click('#RightColumn [aria-label="Topic name"]')
        await self.browser.type(title)
        await self.browser.pause(0.5)
        await self.browser.click(_SAVE)
        await self.browser.until_text("The topic is ready")
