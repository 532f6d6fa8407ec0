"""Every method of the Bot API with its parameters, from ``methods.tsv`` (``tools/gen_bot_api.py``)."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Declared:
    """A method as the original has it: the kind of each parameter by its name, and which must be there."""

    name: str
    kinds: dict[str, str]
    required: frozenset[str]


@lru_cache(maxsize=1)
def declared_methods() -> dict[str, Declared]:
    """All of them by their names in lower case, as bots may write them."""
    found = {}
    for line in (files("teamgram.bots") / "methods.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        name, *fields = line.split("\t")
        kinds, required = {}, set()
        for field in fields:
            parameter, kind = field.split(":")
            kinds[parameter] = kind.rstrip("?")
            if not kind.endswith("?"):
                required.add(parameter)
        found[name.lower()] = Declared(name, kinds, frozenset(required))
    return found
