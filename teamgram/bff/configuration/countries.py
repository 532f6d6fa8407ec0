"""``help.getCountriesList``: every country and territory with a dialling code, from ``countries.tsv``."""

import zlib
from functools import cache
from importlib.resources import files
from typing import Any

from teamgram.mtproto.tl import tl


@cache
def _countries() -> tuple[list[Any], int]:
    """The list and its hash; read when somebody first asks."""
    text = files("teamgram.bff.configuration").joinpath("countries.tsv").read_text(encoding="utf-8")
    countries = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        iso2, code, prefixes, grouping, name = line.split("\t")
        countries.append(
            tl.help.country(
                iso2=iso2,
                default_name=name,
                country_codes=[
                    tl.help.countryCode(
                        country_code=code,
                        prefixes=prefixes.split(",") if prefixes else None,
                        # Without one, Web A groups by three: "+1 555 010 020 0".
                        patterns=[grouping] if grouping else None,
                    )
                ],
            )
        )
    return countries, zlib.crc32(text.encode()) % (2**31 - 1) + 1


def countries_view(known_hash: int) -> Any:
    """``help.countriesList``, or that the client's list with ``known_hash`` is still right."""
    countries, list_hash = _countries()
    if known_hash == list_hash:
        return tl.help.countriesListNotModified()
    return tl.help.countriesList(countries=countries, hash=list_hash)
