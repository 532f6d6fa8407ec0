"""The body of a call, read as it comes: fields are bounded and stay in memory, files go to disk, all into one."""

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl

import msgspec
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from teamgram.bots.errors import TOO_LARGE, bad_request
from teamgram.bots.parameters import UploadedFile

MAX_FIELDS = 1 << 20
"""Bytes of everything in a call that is no file."""
MAX_PARTS = 200
MAX_ARGUMENTS = 1000

_decode = msgspec.json.Decoder().decode


class FilePart:
    """One of the files of a call in the file that holds all of them: two hundred would be as many descriptors."""

    def __init__(self, whole: IO[bytes], start: int, end: int) -> None:
        self._whole = whole
        self._at, self._end = start, end

    def read(self, size: int = -1, /) -> bytes:
        """So many more bytes, or all."""
        left = self._end - self._at
        self._whole.seek(self._at)
        found = self._whole.read(left if size < 0 else min(size, left))
        self._at += len(found)
        return found


class Body:
    """Takes pieces of a body.

    Attributes:
        size: bytes so far.
        has_files: there may be files in it.
    """

    def __init__(self, content_type: str, max_bytes: int, folder: Path) -> None:
        """Args:
        max_bytes: of the whole.
        folder: where files lie while the call lasts.

        Raises:
            ApiError: a content type that cannot be read.
        """
        kind, options = parse_options_header(content_type)
        self.size = 0
        self._max_bytes = max_bytes
        self._kind = kind.lower()
        self._folder = folder
        self._text = bytearray()
        self._fields: dict[str, Any] = {}
        self._files: dict[str, UploadedFile] = {}
        self._whole: IO[bytes] | None = None
        self._start: int | None = None
        self._segment: MultipartSegment | None = None
        self._value = bytearray()
        self._parser: PushMultipartParser | None = None
        self.has_files = self._kind == "multipart/form-data"
        if self.has_files:
            boundary = options.get("boundary", "")
            if not 1 <= len(boundary) <= 200:
                raise bad_request("multipart boundary is missing")
            self._parser = PushMultipartParser(boundary, max_segment_count=MAX_PARTS, max_header_size=8192)

    def feed(self, data: bytes) -> None:
        """One more piece.

        Raises:
            ApiError: it is too much, or no such body.
        """
        self.size += len(data)
        if self.size > self._max_bytes:
            raise TOO_LARGE
        if self._parser is None:
            self._text += data
            if len(self._text) > MAX_FIELDS:
                raise TOO_LARGE
            return
        try:
            for event in self._parser.parse(data):
                self._take(event)
        except MultipartError:
            raise bad_request("the multipart body can't be read") from None

    def _take(self, event: MultipartSegment | bytearray | bytes | None) -> None:
        if event is None:
            self._end_segment()
        elif isinstance(event, MultipartSegment):
            self._segment = event
            self._value = bytearray()
            self._start = None
            if event.filename is not None:
                if self._whole is None:
                    self._whole = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
                self._start = self._whole.tell()
        elif self._start is not None and self._whole is not None:
            self._whole.write(event)
        else:
            self._value += event
            if len(self._value) + len(self._text) > MAX_FIELDS:
                raise TOO_LARGE

    def _end_segment(self) -> None:
        segment = self._segment
        assert segment is not None
        if self._start is None or self._whole is None:
            self._text += self._value  # Counted only.
            self._fields[segment.name] = self._value.decode("utf-8", "replace")
            return
        content = FilePart(self._whole, self._start, self._whole.tell())
        size = self._whole.tell() - self._start
        kind = segment.content_type or "application/octet-stream"
        self._files[segment.name] = UploadedFile(segment.filename or "file", kind, content, size)

    @staticmethod
    def arguments(query: bytes) -> dict[str, Any]:
        """Of an address, as of a form."""
        return arguments(query)

    def end(self) -> tuple[dict[str, Any], dict[str, UploadedFile]]:
        """(fields, files) of the whole body.

        Raises:
            ApiError: it is no such body.
        """
        if self._parser is not None:
            try:
                self._parser.close()
            except MultipartError:
                raise bad_request("the multipart body can't be read") from None
            return self._fields, self._files
        if self._kind == "application/json" and self._text:
            try:
                given = _decode(bytes(self._text))
            except (msgspec.DecodeError, RecursionError):
                raise bad_request("can't parse JSON object") from None
            if not isinstance(given, dict):
                raise bad_request("can't parse JSON object: an Object was expected")
            return given, {}
        return arguments(bytes(self._text)), {}

    def close(self) -> None:
        """Let go of the files."""
        if self._whole is not None:
            with suppress(OSError):
                self._whole.close()


def arguments(text: bytes) -> dict[str, Any]:
    """``a=1&b=2``, of a query or a form.

    Raises:
        ApiError: too many.
    """
    try:
        pairs = parse_qsl(text.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_ARGUMENTS)
    except ValueError:
        raise bad_request("too many parameters") from None
    return dict(pairs)
