"""A mutant: a snippet of one file and what it becomes, and the tests that must fail then."""

import ast
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
LIST = Path(__file__).parent / "list"

#: What tests need of the tree. ``.venv`` and ``.test`` are not changed by anybody, so a link does.
COPIED = ("teamgram", "trial_tests", "tools", "twisted", "etc", "docs", "setup.cfg", "pyproject.toml")
LINKED = (".venv", ".test")


class Unusable(Exception):
    """A mutant that says nothing: its snippet is not there, or what it makes of the file is no Python."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One entry of a list.

    Attributes:
        subject: the list that it is in.
        file: from the project's root.
        old: found there exactly once.
        new: what stands there instead.
        tests: ids; all of them must fail with it, and pass without it.
    """

    subject: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        old, new = (" ".join(text.split())[:90] for text in (self.old, self.new))
        return f"{self.subject}: {self.file}: {old} -> {new or 'nothing'}"

    def applied(self, source: str) -> str:
        """The file with it.

        Raises:
            Unusable: the snippet is stale, or the result does not parse.
        """
        found = source.count(self.old)
        if found != 1:
            raise Unusable(f"stale: the old snippet is found {found} times")
        changed = source.replace(self.old, self.new)
        try:
            before, after = ast.dump(ast.parse(source)), ast.dump(ast.parse(changed))
        except SyntaxError as error:
            raise Unusable(f"no Python any more: {error}") from None
        if before == after:
            raise Unusable("it changes nothing that runs")
        return changed


def load(directory: Path = LIST) -> list[Mutant]:
    """All lists.

    Raises:
        ValueError: an entry lacks something or has what does not belong there.
    """
    mutants = []
    for path in sorted(directory.glob("*.toml")):
        for entry in tomllib.loads(path.read_text())["mutant"]:
            if set(entry) != {"file", "old", "new", "tests"} or not entry["tests"] or not entry["old"]:
                raise ValueError(f"{path.name}: a mutant has file, old, new and tests; this one: {entry}")
            file, old, new = entry["file"], entry["old"], entry["new"]
            mutants.append(Mutant(path.stem, file, old, new, tuple(entry["tests"])))
    return mutants


def copy_tree(target: Path, source: Path = PROJECT) -> None:
    """What tests need, in a directory that is not there yet."""
    target.mkdir()
    for name in COPIED:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (source / name).exists():
            shutil.copy2(source / name, target / name)
    for name in LINKED:
        if (source / name).exists():
            (target / name).symlink_to((source / name).resolve())


@contextmanager
def put_into(tree: Path, mutant: Mutant) -> Iterator[None]:
    """The copied tree has the mutant while this lasts.

    Raises:
        Unusable: see ``Mutant.applied``; the tree is as it was.
    """
    path = tree / mutant.file
    if not path.is_file():
        raise Unusable("stale: there is no such file")
    before = path.read_text()
    _write(path, mutant.applied(before))
    try:
        yield
    finally:
        _write(path, before)


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    # Python tells a stale one by the time in seconds and the size, and a mutant may have both of its original.
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
        compiled.unlink()
