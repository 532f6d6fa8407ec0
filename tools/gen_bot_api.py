"""Write ``teamgram/bots/methods.tsv``: every method of the Bot API with its parameters, as aiogram declares them.

Run it with a Python that has aiogram (MIT; its ``methods`` are made from core.telegram.org/bots/api), which the
server itself does not need::

    python -m venv /tmp/aiogram && /tmp/aiogram/bin/pip install aiogram
    /tmp/aiogram/bin/python tools/gen_bot_api.py

One line a method: its name, then its parameters as ``name:kind``, with ``?`` behind those that may be left out. A kind
is ``int``, ``float``, ``bool``, ``str``, ``chat`` (an id or a @username), ``file`` or ``json``.
"""

import datetime
import types
import typing
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "teamgram" / "bots" / "methods.tsv"


def alternatives(annotation: Any) -> set[Any]:
    """What a value may be, without None and aiogram's own marks for "as the bot was set up"."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return set().union(*map(alternatives, typing.get_args(annotation))) - {type(None)}
    return set() if getattr(annotation, "__name__", "") == "Default" else {annotation}


def kind_of(annotation: Any) -> str:
    """A parameter's kind."""
    found = alternatives(annotation)
    names = {getattr(one, "__name__", "") for one in found}
    if found & {datetime.datetime, datetime.timedelta} and int in found:
        return "int"
    if "InputFile" in names:
        return "file"
    if found == {int, str}:
        return "chat"
    for plain in (bool, int, float, str):
        if found == {plain}:
            return plain.__name__
    return "json"


def main() -> None:
    """Write the table."""
    import aiogram
    import aiogram.methods

    lines = []
    for name in sorted(aiogram.methods.__all__):
        declared = getattr(aiogram.methods, name)
        method = getattr(declared, "__api_method__", None)
        if not isinstance(method, str):
            continue
        fields = [
            f"{field}:{kind_of(info.annotation)}{'' if info.is_required() else '?'}"
            for field, info in declared.model_fields.items()
        ]
        lines.append("\t".join([method, *fields]))
    TARGET.write_text(f"# Bot API {aiogram.__api_version__}\n" + "\n".join(lines) + "\n")
    print(f"{TARGET}: {len(lines)} methods of Bot API {aiogram.__api_version__}")


if __name__ == "__main__":
    main()
