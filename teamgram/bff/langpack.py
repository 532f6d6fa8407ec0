"""RPCLangpack: translations of apps.

A client carries its own English; what it fetches here goes on top. English is
always there, for most packs with no strings of ours: only Telegram Web A draws
from the packs ``android``, ``ios``, ``tdesktop`` and ``macos`` and shows the key
where there is no text. For it ``english/<pack>.json`` has every key that it
asks for, in our own words; none is in ``tdesktop``, whose app would take them.

An operator adds packs as JSON files ``langpacks/<pack>/<lang_code>.json`` in the
data directory: ``{"name": "German", "native_name": "Deutsch", "plural_code":
"de", "version": 3, "strings": {"key": "text", "other key": {"one": "%d chat",
"other": "%d chats"}}}``; what they do not have is English.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

Text = str | dict[str, str]
"""A text, or its forms by the plural category of a number (CLDR's: one, few, other, …)."""

PLURALS = ("zero", "one", "two", "few", "many", "other")

_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Language:
    """One language of one pack."""

    lang_code: str
    name: str
    native_name: str
    plural_code: str
    version: int = 1
    strings: Mapping[str, Text] = field(default_factory=dict)
    is_rtl: bool = False


ENGLISH = Language("en", "English", "English", "en", version=0)

SHIPPED_VERSION = 2
"""Of our own English texts; grows when they change."""


@cache
def shipped_english() -> Mapping[str, Language]:
    """Our own English by pack."""
    return {
        path.name.removesuffix(".json"): replace(
            ENGLISH, version=SHIPPED_VERSION, strings=json.loads(path.read_text("utf-8"))
        )
        for path in files("teamgram.bff").joinpath("english").iterdir()
        if path.name.endswith(".json")
    }


def load_languages(directory: Path) -> dict[str, dict[str, Language]]:
    """Pack name -> lang_code -> language, from an operator's files.

    Raises:
        ValueError: a file is not such a language; names the file.
    """
    packs: dict[str, dict[str, Language]] = {}
    for path in sorted(directory.glob("*/*.json")):
        try:
            written = json.loads(path.read_text(encoding="utf-8"))
            language = Language(
                path.stem,
                str(written["name"]),
                str(written["native_name"]),
                str(written.get("plural_code", path.stem)),
                int(written.get("version", 1)),
                {str(key): _text(text) for key, text in written["strings"].items()},
                bool(written.get("rtl", False)),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: not a language pack ({type(error).__name__}: {error})") from None
        packs.setdefault(path.parent.name, {})[language.lang_code] = language
    return packs


def _text(written: Any) -> Text:
    if not isinstance(written, dict):
        return str(written)
    if "other" not in written or not set(written) <= set(PLURALS):
        raise ValueError(f"plurals are {', '.join(PLURALS)}, with other")
    return {category: str(text) for category, text in written.items()}


class Langpack(RpcService):
    """Languages and their strings."""

    name = "RPCLangpack"

    def __init__(self, packs: dict[str, dict[str, Language]] | None = None) -> None:
        self._packs = packs or {}

    def _languages(self, query: Any, caller: RpcMetadata) -> dict[str, Language]:
        # Layers before packs had names of their own send an empty one: the pack of initConnection is meant.
        pack = query.lang_pack or caller.client.lang_pack
        if pack and _CODE.fullmatch(pack) is None:
            raise bad_request("LANG_PACK_INVALID")
        english = shipped_english().get(pack, ENGLISH)
        languages = {english.lang_code: english}
        for code, language in self._packs.get(pack, {}).items():
            languages[code] = replace(
                language, strings={**english.strings, **language.strings}, version=english.version + language.version
            )
        return languages

    def _language(self, query: Any, caller: RpcMetadata) -> Language:
        languages = self._languages(query, caller)
        # "de-raw" and "de-beta" are variants of "de".
        language = languages.get(query.lang_code) or languages.get(query.lang_code.partition("-")[0])
        if language is None:
            raise bad_request("LANG_CODE_NOT_SUPPORTED")
        return language

    @rpc("langpack.getLangPack", login=False)
    def get_lang_pack(self, caller: RpcMetadata, query: Any) -> Any:
        """langpack.getLangPack#f2f2330a lang_pack:string lang_code:string = LangPackDifference"""
        return self._difference(self._language(query, caller), 0)

    @rpc("langpack.getDifference", login=False)
    def get_difference(self, caller: RpcMetadata, query: Any) -> Any:
        """langpack.getDifference#cd984aa5 lang_pack:string lang_code:string from_version:int = LangPackDifference"""
        return self._difference(self._language(query, caller), query.from_version)

    def _difference(self, language: Language, from_version: int) -> Any:
        # Files have no history: whoever has another version gets all of the present one.
        strings = {} if from_version == language.version else language.strings
        return tl.langPackDifference(
            lang_code=language.lang_code,
            from_version=from_version,
            version=language.version,
            strings=[_string_view(key, text) for key, text in strings.items()],
        )

    @rpc("langpack.getStrings", login=False)
    def get_strings(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """langpack.getStrings#efea3803 lang_pack:string lang_code:string keys:Vector<string>
        = Vector<LangPackString>
        """
        strings = self._language(query, caller).strings
        return [
            _string_view(key, strings[key]) if key in strings else tl.langPackStringDeleted(key=key)
            for key in query.keys
        ]

    @rpc("langpack.getLanguages", login=False)
    def get_languages(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """langpack.getLanguages#42c6978f lang_pack:string = Vector<LangPackLanguage>"""
        return [_language_view(language) for language in self._languages(query, caller).values()]

    @rpc("langpack.getLanguage", login=False)
    def get_language(self, caller: RpcMetadata, query: Any) -> Any:
        """langpack.getLanguage#6a596502 lang_pack:string lang_code:string = LangPackLanguage"""
        return _language_view(self._language(query, caller))


def _string_view(key: str, text: Text) -> Any:
    if isinstance(text, str):
        return tl.langPackString(key=key, value=text)
    return tl.langPackStringPluralized(key=key, **{f"{category}_value": form for category, form in text.items()})


def _language_view(language: Language) -> Any:
    return tl.langPackLanguage(
        official=True,
        rtl=language.is_rtl,
        name=language.name,
        native_name=language.native_name,
        lang_code=language.lang_code,
        plural_code=language.plural_code,
        strings_count=len(language.strings),
        translated_count=len(language.strings),
        translations_url="",
    )
