"""Trees of plain values: merge patch, its inverse, and which paths differ. Plain Python."""

from collections.abc import Iterator
from typing import Any


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396: ``patch`` over ``target``; null deletes. Neither is changed."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def difference(old: Any, new: Any) -> Any:
    """The merge patch that makes ``new`` of ``old`` (both mappings)."""
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        if key not in old or not isinstance(old[key], dict) or not isinstance(value, dict):
            if key not in old or old[key] != value:
                patch[key] = value
            continue
        below = difference(old[key], value)
        if below:
            patch[key] = below
    return patch


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(path, value) of everything in ``tree`` that is no non-empty mapping."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from leaves(value, (*path, str(key)))
    elif path:
        yield path, tree


def at(tree: Any, path: tuple[str, ...]) -> Any:
    """The value at ``path``, None when there is none."""
    for part in path:
        if not isinstance(tree, dict) or part not in tree:
            return None
        tree = tree[part]
    return tree


def put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set ``path`` in ``tree``, making mappings on the way."""
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = value


def changed_paths(old: Any, new: Any) -> list[str]:
    """Dotted paths at which two trees differ."""
    paths = {path for path, _ in leaves(difference(old, new))}
    return sorted(".".join(path) for path in paths)
