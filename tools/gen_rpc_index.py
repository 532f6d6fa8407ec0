"""Write ``docs/rpc_index.md``: which methods are answered, by which service, in which file.

python tools/gen_rpc_index.py > docs/rpc_index.md
"""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import teamgram.bff.services  # noqa: F401  (importing registers the services)
from teamgram.bff.honest_empties import EMPTIES
from teamgram.bff.registry import RpcMethod, RpcService

ROOT = Path(__file__).resolve().parents[1]

HEAD = """# RPC index

Every method that is answered. `tools/gen_rpc_index.py` writes this page; a test holds it in step. A method that is
not here answers `METHOD_NOT_IMPL`, and so does one whose service is not in the IDMap of `etc/session.yaml`.

"""


def services(base: type[RpcService] = RpcService) -> Iterator[type[RpcService]]:
    """Every service class that has been imported from the package."""
    for service in base.__subclasses__():
        if service.__module__.startswith("teamgram."):
            yield service
        yield from services(service)


def rows() -> list[tuple[str, str, str, str]]:
    """(service, method, before sign-in, file) of every method, sorted."""
    found = []
    for service in services():
        if not service.name:
            continue  # made from a table, below
        methods: Iterator[RpcMethod] = object.__new__(service).rpc_methods()  # binding needs no state
        path = Path(inspect.getfile(service)).resolve().relative_to(ROOT)
        found += [(service.name, method.name, "" if method.login else "yes", str(path)) for method in methods]
    real = {method for _, method, _, _ in found}
    found += [
        (empty.service, empty.method, "" if empty.login else "yes", "teamgram/bff/honest_empties.py")
        for empty in EMPTIES
        if empty.method not in real
    ]
    return sorted(found)


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    by_service: dict[str, list[tuple[str, str, str, str]]] = {}
    for row in rows():
        by_service.setdefault(row[0], []).append(row)
    lines.append(f"{len(rows())} methods in {len(by_service)} services.\n")
    for service, methods in by_service.items():
        lines.append(f"\n## {service}\n\n| method | before sign-in | file |\n| --- | --- | --- |\n")
        lines += [f"| `{method}` | {before} | `{path}` |\n" for _, method, before, path in methods]
    return "".join(lines)


if __name__ == "__main__":
    sys.stdout.write(page())
