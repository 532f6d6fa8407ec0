"""Makes the replay fixtures in ``trial_tests/openclaw/replays`` from recorded transcripts.

    python tools/gen_openclaw_replays.py TRANSCRIPTS_DIR

A transcript is JSON lines of both directions (``{"t", "conn", "dir", …}``).
Kept is what a replay needs: everything the client did, and of the server's
side the kind of each answer: ids, codes, messages, event names, close codes.
Long payloads are cut to their outline.
"""

import json
import sys
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).resolve().parent.parent / "trial_tests/openclaw/replays"
#: Their clients' calls go to parts of a product that this one does not have.
LEFT_OUT = {"control_ui_load_and_chat"}
_MAX_TEXT = 400
_MAX_LIST = 3
_DEPTH = 4


def outline(value: Any, depth: int = 0) -> Any:
    """``value`` without its bulk."""
    if isinstance(value, dict):
        return {key: outline(child, depth + 1) for key, child in value.items()} if depth < _DEPTH else {}
    if isinstance(value, list):
        return [outline(child, depth + 1) for child in value[:_MAX_LIST]] if depth < _DEPTH else []
    return value[:_MAX_TEXT] if isinstance(value, str) else value


def server_side(line: dict[str, Any]) -> dict[str, Any]:
    """What of a server frame is compared."""
    frame = line["frame"]
    if frame.get("type") == "event" and frame["event"] in ("health", "presence"):
        frame = {**frame, "payload": {}}
    elif isinstance(frame.get("payload"), dict) and frame["payload"].get("type") == "hello-ok":
        hello = frame["payload"]
        kept = {"type": "hello-ok", "protocol": hello["protocol"], "auth": hello["auth"]}
        return {**line, "frame": {**frame, "payload": kept}}
    elif isinstance(frame.get("payload"), dict) and "channelLabels" in frame["payload"]:
        frame = {**frame, "payload": {"ok": True}}
    return {**line, "frame": outline(frame)}


def main() -> None:
    """Write one fixture per transcript."""
    OUTPUT.mkdir(exist_ok=True)
    total = 0
    for path in sorted(Path(sys.argv[1]).glob("*.jsonl")):
        if path.stem in LEFT_OUT:
            continue
        kept = []
        for text in path.read_text().splitlines():
            line = json.loads(text)
            if "dir" not in line or "tcp" in line or "body" in line:
                continue
            if line.get("http", "").startswith("GET"):
                names = ("origin", "host", "x-forwarded-for")
                line["headers"] = {name: value for name, value in line["headers"].items() if name in names}
            elif "headers" in line:
                del line["headers"]
            if line["dir"] == "s2c" and isinstance(line.get("frame"), dict):
                line = server_side(line)
            kept.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
        target = OUTPUT / path.name
        target.write_text("\n".join(kept) + "\n")
        total += target.stat().st_size
    print(f"{OUTPUT}: {total} bytes")


if __name__ == "__main__":
    main()
