"""Which client libraries ``tools/setup_more_clients.sh`` sets up, beside those of ``make test``."""

import shutil
from pathlib import Path

from trial_tests.clients.process import LIBRARIES, PROJECT

_HERE = Path(__file__).parent
_CHROMIUM = shutil.which("chromium") or ""
_NODE = ".test/npm/node_modules/.bin/node"

#: As ``trial_tests.clients.process.LIBRARIES``.
MORE_LIBRARIES: dict[str, tuple[str, ...]] = {
    **LIBRARIES,
    "gotd": (".test/more/gotd",),
    "grammers": (".test/more/grammers",),
    "teleproto": (_NODE, "gramjs_driver.cjs", "teleproto", ".test/more-npm"),
    "mtproto-core": (_NODE, str(_HERE / "mtproto_core_driver.cjs")),
    "gramjs-web": (_NODE, str(_HERE / "browser/driver.mjs"), "gramjs.js", _CHROMIUM),
    "mtcute-web": (_NODE, str(_HERE / "browser/driver.mjs"), "mtcute.js", _CHROMIUM),
    "telethon-1.25": (".test/telethon-1.25/bin/python", "telethon_driver.py"),
    "pyrotgfork": (".test/pyrotgfork/bin/python", "pyrogram_driver.py"),
}


def is_there(library: str) -> bool:
    """Whether it was set up; Go's and Rust's libraries need their compilers for it."""
    return (PROJECT / MORE_LIBRARIES[library][0]).exists()
