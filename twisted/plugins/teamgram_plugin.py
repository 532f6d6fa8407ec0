"""``twistd teamgram``: names the service maker and imports nothing heavy."""

from twisted.application.service import ServiceMaker

teamgram = ServiceMaker(
    "Teamgram",
    "teamgram.app.tap",
    "A Telegram server and an agents' control plane in one process.",
    "teamgram",
)
