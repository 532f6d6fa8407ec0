"""Methods that clients ask for and nobody serves, in the log: once for each method and version of a client."""

from twisted.logger import Logger

from teamgram.interfaces.keys import ClientInfo

MAX_LINES = 2000
"""Lines since the start; versions are what clients say, so only hostile ones pass it."""


class Refusals:
    """What has been said already."""

    _log = Logger()

    def __init__(self) -> None:
        self._said: set[tuple[str, str, str, int]] = set()

    def note(self, method: str, client: ClientInfo) -> None:
        """A client was answered METHOD_NOT_IMPL, or INPUT_METHOD_INVALID for a method of no layer."""
        one = (method, client.lang_pack, client.app_version, client.layer)
        if one in self._said or len(self._said) >= MAX_LINES:
            return
        self._said.add(one)
        self._log.info(
            "{method} is not served; asked for by {app_version!r} (language pack {lang_pack!r}, layer {layer})",
            method=method,
            app_version=client.app_version,
            lang_pack=client.lang_pack,
            layer=client.layer,
        )
