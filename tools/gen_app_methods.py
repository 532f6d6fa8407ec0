"""Write the last section of ``docs/apps.md``: every method that Telegram's own apps call, with what it gets here.

python -m tools.gen_app_methods

Who calls what is kept in ``app_methods.tsv``, what a refusal looks like to people in ``app_refusals.tsv``; what is
answered is asked of the server's own registry.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from teamgram.bff.honest_empties import EMPTIES
from teamgram.session.routing import services_by_method
from tools.gen_rpc_index import rows

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "apps.md"
MARK = "<!-- from here on written by tools/gen_app_methods.py -->\n"
#: What app_refusals.tsv calls methods that belong to no service.
NO_SERVICE = "-"

HEAD = """
## Every method that they call

{total} methods, from the apps' sources: **D** Telegram Desktop 4.6.5, **A** Web A 12.0.32, **K** Web K 2.2. {real} are
answered for real, {empty} with an honest empty, {refused} are refused. A test holds these tables in step with what is
registered.
"""
REAL = """
### Real

| service | methods |
| --- | --- |
"""
EMPTY = """
### Honestly empty

The answer says that there is none ([honest_empties.md](honest_empties.md)).

| there are no | methods |
| --- | --- |
"""
REFUSED = """
### Refused

`METHOD_NOT_IMPL`, with the code 400: no app asks again by itself. Neither Desktop nor Web A has words of its own for
that name; mostly what was pressed can be pressed again and nothing has changed. Nothing of this is asked for at the
start or on opening an ordinary page: `make test-apps` fails where it is. "Not reached": the app offers it only beside
things that there are none of here. What is marked as seen was; the rest follows from how the apps treat any request
that fails, and nobody has pressed each of these buttons.

| what | what an app shows | methods |
| --- | --- | --- |
"""


def table(name: str) -> list[list[str]]:
    """The fields of each line of a table of this folder."""
    lines = (ROOT / "tools" / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def callers() -> dict[str, str]:
    """Method -> the letters of the apps that call it."""
    found = {}
    for method, apps in table("app_methods.tsv"):
        found[method] = apps
    return found


def _cell(methods: Iterable[str], apps: dict[str, str]) -> str:
    return ", ".join(f"`{method}` {apps[method]}" for method in sorted(methods))


def section() -> str:
    """Everything behind the mark.

    Raises:
        KeyError: a method is refused of whose service ``app_refusals.tsv`` says nothing.
    """
    apps = callers()
    services = services_by_method()
    empties = {empty.method: empty.none_of for empty in EMPTIES}
    real: dict[str, list[str]] = defaultdict(list)
    empty: dict[str, list[str]] = defaultdict(list)
    refused: dict[str, list[str]] = defaultdict(list)
    handled = {method: path for _, method, _, path in rows()}
    for method in apps:
        if method not in handled:
            refused[services.get(method) or NO_SERVICE].append(method)
        elif handled[method].endswith("/honest_empties.py"):
            empty[empties[method]].append(method)
        else:
            real[services[method]].append(method)
    shown = {service: (what, shows) for service, what, shows in table("app_refusals.tsv")}
    count = {name: sum(map(len, of.values())) for name, of in (("real", real), ("empty", empty), ("refused", refused))}
    lines = [HEAD.format(total=len(apps), **count), REAL]
    lines += [f"| `{service}` | {_cell(methods, apps)} |\n" for service, methods in sorted(real.items())]
    lines += [EMPTY]
    lines += [f"| {none_of} | {_cell(methods, apps)} |\n" for none_of, methods in sorted(empty.items())]
    lines += [REFUSED]
    lines += [
        f"| {shown[service][0]} | {shown[service][1]} | {_cell(methods, apps)} |\n"
        for service, methods in sorted(refused.items(), key=lambda item: shown[item[0]])
    ]
    return "".join(lines)


def page() -> str:
    """The whole page: what people wrote, the mark, and the section."""
    return PAGE.read_text(encoding="utf-8").partition(MARK)[0] + MARK + section()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
