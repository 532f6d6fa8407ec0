"""Buttons below a message, as messages keep them. Plain Python."""

from teamgram.mtproto.tl import encode, tl
from teamgram.openclaw.agent.delivery import ButtonRows

_MOST_CHARS = 64


def keyboard(rows: ButtonRows | None) -> bytes:
    """An inline keyboard whose buttons ask the bot; nothing of none."""
    if not rows:
        return b""
    shown = [
        tl.keyboardInlineButtonRow(
            buttons=[
                tl.keyboardInlineButton(
                    text=words[:_MOST_CHARS], type=tl.inlineButtonTypeCallback(data=data.encode()), style=None
                )
                for words, data in row
            ]
        )
        for row in rows
    ]
    return encode(tl.replyInlineMarkup(rows=shown))
