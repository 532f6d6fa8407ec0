"""What of a configuration is never shown, and what a placeholder that comes back stands for. Plain Python.

There is no list of settings. The sections say by their types which of their
own strings are secrets (``Secret``). Of what we do not know (``channels``,
``plugins``, ``env``, …) a value is a secret if its key speaks of one in any of
its words, if everything in its place is of that kind (headers, environment),
or if it looks like a key itself. Credentials in a URL are secrets anywhere.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import msgspec

from teamgram.openclaw.config.sections import OpenClawFile

#: Shown in place of a secret; sent back, it means "as it is".
REDACTED = "__OPENCLAW_REDACTED__"

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SPEAKS_OF_ONE = frozenset({
    "token", "secret", "password", "passwd", "passphrase", "pass", "pwd", "key", "apikey", "credential", "auth",
    "authorization", "cookie", "signature", "signing", "bearer", "jwt", "pin", "otp", "seed", "salt", "private", "dsn",
    "webhook", "cert", "certificate", "pem", "hash",
})  # fmt: skip
#: Words of a mapping's or a list's key that make everything in it one.
_ALL_BELOW = frozenset({"header", "env", "environment", "secret", "credential", "cookie", "auth", "password"})
#: A value that only names a variable gives nothing away.
_VARIABLE = re.compile(r"\$\{[A-Za-z_]\w*\}|\$[A-Z_][A-Z0-9_]*")
#: Forms that makers of keys give them: a prefix and a body (``sk-…``, ``xoxb-…``, ``ghp_…``), three parts of a JSON
#: web token, the bots of Telegram, PEM, and what stands after ``Bearer`` or ``Basic``.
_KNOWN_FORMS = re.compile(
    r"\b(?:sk|pk|rk|xox[a-z]|xapp|gh[a-z]|github_pat|glpat|hf|gsk|npm|shp[a-z]{2}|whsec)[-_][\w.-]{6,}"
    r"|\b(?:AKIA|ASIA|AIza|ya29\.)[\w-]{10,}"
    r"|\beyJ[\w-]{6,}\.[\w-]{4,}(?:\.[\w-]*)?"
    r"|\b\d{6,}:[\w-]{30,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<=\bBearer )\S{4,}|(?<=\bBasic )[\w+/=-]{4,}",
    re.S,
)
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+", re.I)
_URL_PARTS = re.compile(
    r"([a-z][a-z0-9+.-]*://)(?:([^/?#\s]*)@)?([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.I | re.S
)
_OPAQUE = re.compile(r"(?=[^\s]*[A-Za-z])(?=[^\s]*\d)[A-Za-z0-9+/_=.:~-]{16,}")
_OPAQUE_PART = re.compile(r"(?=.*[A-Za-z])(?=.*\d)[A-Za-z0-9_=.:~-]{16,}|[A-Za-z0-9_=-]{24,}")

Span = tuple[int, int]


class UnknownPlaceholder(ValueError):
    """A placeholder came back at a place where no secret is known.

    Attributes:
        path: dotted.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}: no secret is known here that {REDACTED} could stand for; write it out")
        self.path = path


def redact(tree: Any) -> Any:
    """A tree of ``openclaw.yaml`` with every secret replaced by :data:`REDACTED`."""
    return _map(tree, _shown)


def unredact(tree: Any, known: Any) -> Any:
    """``tree`` with every placeholder replaced by what ``known`` has at the same place.

    Items of lists are found again by their ``id`` or ``name``, others by their place in a list as long as before.

    Raises:
        UnknownPlaceholder: there is nothing.
    """
    return _restore(tree, known, _Place(_root()), "")


def secrets_of(tree: Any) -> list[str]:
    """Every secret in a tree, the longest first."""
    found: set[str] = set()

    def keep(value: Any, spans: list[Span]) -> Any:
        text = str(value)
        found.update(text[start:end] for start, end in spans)
        return value

    _map(tree, keep)
    return sorted(filter(None, found), key=len, reverse=True)


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Some text that is no configuration, such as a log line, with none of these and no key or URL that looks like one.

    A secret of a few characters would be found everywhere: shorter than four are left to their places.
    """
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    for start, end in reversed(_apart([*_matches(_KNOWN_FORMS, text), *_in_urls(text)])):
        text = text[:start] + "***" + text[end:]
    return text


def _shown(value: Any, spans: list[Span]) -> Any:
    if not spans:
        return value
    text = str(value)
    for start, end in reversed(spans):
        text = text[:start] + REDACTED + text[end:]
    return text


# Which part of which value is one


class _Place:
    """What is known of where a value stands.

    Attributes:
        shape: its type in the sections, None where everything is allowed.
        key: its own key, or that of the list it is in.
        all_below: everything here is a secret.
    """

    __slots__ = ("all_below", "key", "shape")

    def __init__(self, shape: Any, key: str = "", all_below: bool = False) -> None:
        self.shape = shape
        self.key = key
        self.all_below = all_below

    def below(self, key: Any, value: Any) -> "_Place":
        """The place of ``value`` under ``key``."""
        shape, declared = _shape_below(self.shape, str(key), value)
        # Of what has a type its own word counts, not that of its name.
        by_name = shape is None and bool(words(str(key)) & _ALL_BELOW) and isinstance(value, dict | list)
        return _Place(shape, str(key), self.all_below or declared or by_name)

    def item(self, value: Any) -> "_Place":
        """The place of an item of the list here."""
        shape, declared = _shape_below(self.shape, None, value)
        return _Place(shape, self.key, self.all_below or declared)

    def spans(self, value: Any) -> list[Span]:
        """What of a value that is neither mapping nor list is a secret; of a number, of its text."""
        if value is None or isinstance(value, bool) or value == "":
            return []
        text = str(value)
        whole = [(0, len(text))]
        if isinstance(value, int | float):
            return whole if self.shape is None and self._speaks_of_one(plural=False) else []
        if _VARIABLE.fullmatch(text):
            return []
        if self.all_below or (self.shape is None and self._speaks_of_one()):
            return whole
        if self.shape is None and "://" not in text and _OPAQUE.fullmatch(text):
            return whole
        return _apart([*_matches(_KNOWN_FORMS, text), *_in_urls(text)])

    def _speaks_of_one(self, plural: bool = True) -> bool:
        return bool(words(self.key, plural=plural) & _SPEAKS_OF_ONE)


def words(key: str, *, plural: bool = True) -> set[str]:
    """The words of a key, however they are joined, in lower case; plurals also as singulars."""
    found = {word.lower() for word in _WORD.findall(key)}
    found.add(re.sub(r"[^a-z0-9]", "", key.lower()))
    return found | {word[:-1] for word in found if word.endswith("s")} if plural else found


def _matches(pattern: re.Pattern[str], text: str) -> list[Span]:
    return [match.span() for match in pattern.finditer(text)]


def _in_urls(text: str) -> list[Span]:
    """Passwords, tokens in queries and fragments, and parts of the path that look like keys."""
    spans: list[Span] = []
    for url in _URL.finditer(text):
        parts = _URL_PARTS.fullmatch(url.group())
        if parts is None:
            continue
        at = url.start()
        if parts[2]:
            user, colon, password = parts[2].partition(":")
            begin = at + parts.start(2) + (len(user) + 1 if colon else 0)
            spans.append((begin, begin + len(password if colon else user)))
        spans += _split(parts[4] or "", at + parts.start(4), "/", lambda part: (0, part))
        for number in (5, 6):
            spans += _split(parts[number] or "", at + parts.start(number), "&", _after_name)
    return [(start, end) for start, end in spans if end > start]


def _after_name(part: str) -> tuple[int, str]:
    name, equals, value = part.partition("=")
    return (len(name) + 1, value) if equals else (0, part)


def _split(text: str, at: int, mark: str, value_of: Callable[[str], tuple[int, str]]) -> Iterator[Span]:
    for part in text.split(mark):
        skipped, value = value_of(part)
        named = words(part[:skipped]) & _SPEAKS_OF_ONE if skipped else set()
        if value and (named or _OPAQUE_PART.fullmatch(value)) and not _VARIABLE.fullmatch(value):
            yield at + skipped, at + len(part)
        at += len(part) + len(mark)


def _apart(spans: list[Span]) -> list[Span]:
    """In order, what overlaps joined."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


# Shapes


@cache
def _root() -> Any:
    return msgspec.inspect.type_info(OpenClawFile)


def _shape_below(shape: Any, key: str | None, value: Any) -> tuple[Any, bool]:
    """(the type of what is under a key, or in a list; whether the sections declare that a secret)."""
    if isinstance(shape, msgspec.inspect.StructType):
        field = next((each for each in shape.fields if each.encode_name == key), None)
        found = field.type if field is not None else None
    elif isinstance(shape, msgspec.inspect.DictType):
        found = shape.value_type
    elif isinstance(shape, msgspec.inspect.ListType):
        found = shape.item_type
    else:
        return None, False
    return _narrowed(found, value)


def _narrowed(shape: Any, value: Any) -> tuple[Any, bool]:
    declared = False
    while isinstance(shape, msgspec.inspect.Metadata):
        declared = declared or bool((shape.extra or {}).get("secret"))
        shape = shape.type
    if isinstance(shape, msgspec.inspect.UnionType):
        declared = declared or any(_narrowed(each, None)[1] for each in shape.types)
        wanted: tuple[type, ...] = ()
        if isinstance(value, dict):
            wanted = (msgspec.inspect.StructType, msgspec.inspect.DictType)
        elif isinstance(value, list):
            wanted = (msgspec.inspect.ListType,)
        shape = next((each for each in shape.types if isinstance(each, wanted)), shape)
    is_free = isinstance(shape, msgspec.inspect.DictType) and isinstance(shape.value_type, msgspec.inspect.AnyType)
    if is_free or isinstance(shape, msgspec.inspect.AnyType):
        shape = None
    return shape, declared


# Trees


def _map(tree: Any, function: Callable[[Any, list[Span]], Any]) -> Any:
    def walk(value: Any, place: _Place) -> Any:
        if isinstance(value, dict):
            return {key: walk(each, place.below(key, each)) for key, each in value.items()}
        if isinstance(value, list):
            return [walk(each, place.item(each)) for each in value]
        return function(value, place.spans(value))

    return walk(tree, _Place(_root()))


def _restore(value: Any, known: Any, place: _Place, path: str) -> Any:
    if isinstance(value, dict):
        below = known if isinstance(known, dict) else {}
        return {
            key: _restore(each, below.get(key), place.below(key, each), f"{path}.{key}" if path else str(key))
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [
            _restore(each, _same_item(each, index, value, known), place.item(each), f"{path}[{index}]")
            for index, each in enumerate(value)
        ]
    if not isinstance(value, str) or REDACTED not in value:
        return value
    if value == REDACTED and known is not None and known != "":
        return known
    text = str(known or "")
    hidden = [text[start:end] for start, end in place.spans(known)]
    if len(hidden) != value.count(REDACTED):
        raise UnknownPlaceholder(path)
    for secret in hidden:
        value = value.replace(REDACTED, secret, 1)
    return value


def _same_item(item: Any, index: int, items: list[Any], known: Any) -> Any:
    """What an item of a list was before."""
    if not isinstance(known, list):
        return None
    for name in ("id", "name"):
        if isinstance(item, dict) and item.get(name):
            return next((each for each in known if isinstance(each, dict) and each.get(name) == item[name]), None)
    return known[index] if len(items) == len(known) else None
