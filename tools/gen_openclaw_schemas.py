"""Makes ``teamgram/openclaw/gateway/schemas/methods.json`` from the published protocol schema.

    python tools/gen_openclaw_schemas.py protocol.schema.json

The input is ``protocol.schema.json`` of npm's ``@openclaw/gateway-protocol``
(3.6 MB: requests, results and events of 410 methods). Kept are the request
parameters of the methods in :data:`METHODS`, references resolved, what does
not validate thrown away, and the properties of :data:`NEWER` added: those
that released clients send although the published schema lacks them.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).resolve().parent.parent / "teamgram/openclaw/gateway/schemas/methods.json"

METHODS = tuple(
    """
    connect system.info
    chat.send chat.abort chat.history chat.metadata chat.inject send wake agent agent.wait
    agents.list agents.create agents.update agents.delete models.list
    sessions.list sessions.messages.subscribe sessions.messages.unsubscribe sessions.preview sessions.describe
    sessions.resolve sessions.create sessions.send sessions.abort sessions.patch sessions.reset sessions.delete
    sessions.compact
    node.list node.describe node.rename node.invoke node.invoke.result node.invoke.progress node.event
    node.pending.drain node.pending.enqueue node.pending.ack node.pluginTools.update node.skills.update
    node.pair.list node.pair.approve node.pair.reject node.pair.remove
    device.pair.list device.pair.approve device.pair.reject device.pair.remove device.pair.rename
    device.token.rotate device.token.revoke
    config.get config.set config.patch config.apply config.schema config.schema.lookup
    logs.tail channels.status tools.catalog tools.invoke skills.bins
    tools.effective models.probe models.authStatus message.action chat.message.get
    commands.list agents.files.list agents.files.get agents.files.set skills.status
    sessions.search sessions.fork sessions.branches.list sessions.title.prepare sessions.usage
    approval.get approval.history approval.resolve exec.approval.get exec.approval.request exec.approval.resolve
    exec.approval.grants.list exec.approval.grants.revoke exec.approvals.get exec.approvals.set
    exec.approvals.node.get exec.approvals.node.set plugin.approval.request plugin.approval.resolve
    question.request question.waitAnswer question.resolve question.get question.list
    sessions.rewind sessions.branches.switch skills.install skills.update
    device.pair.setupCode device.pair.setupStatus channels.start channels.stop channels.logout
    channels.pairing.list channels.pairing.approve channels.pairing.dismiss
    skills.upload.begin skills.upload.chunk skills.upload.commit
    terminal.open terminal.input terminal.resize terminal.close terminal.attach terminal.upload
    cron.list cron.get cron.add cron.update cron.remove cron.run cron.status cron.runs
    """.split()  # noqa: SIM905
)

#: What clients of 2026.9.6 may send beyond the schema of 2026.9.1 (its newest published one): taken, whatever is
#: in it, because refusing would lock them out; what we make use of is checked where it is used.
NEWER: dict[str, str] = {
    "connect": "modelCatalog",
    "chat.send": "mentions workContext",
    "chat.history": "maxBytes",
    "chat.metadata": "authProfileId",
    "agents.update": "agentRuntime",
    "models.list": "sessionKey authProfileId provider includeDetails includeDefaultModels",
    "sessions.list": "activeOnly excludeSubagents excludeCron excludeSystem includeActivitySummary projectId"
    " workspaceDir group pinned hasBoard profileRelation",
    "sessions.describe": "agentId",
    "sessions.resolve": "reference",
    "sessions.create": "titleSource agentRuntime timeoutMs mentions repository worktreeSource",
    "sessions.send": "mentions",
    "sessions.patch": "expectedSandboxMode expectedNativeRuntimeConsent autoLabel boardPresentation sandboxMode"
    " nativeRuntimeConsent agentRuntime",
    "sessions.reset": "expectedSessionId",
    "cron.list": "sessionKey sessionAgentId",
}

#: Ours, or in nobody's published schema.
OWN: dict[str, dict[str, Any]] = {
    # 2026.9.6 sorts by more than the published schema has.
    "sessions.list": {"sortBy": {"type": "string", "maxLength": 64}},
    "connect": {
        "resumeFrom": {
            "type": "object",
            "required": ["token", "seq"],
            "properties": {"token": {"type": "string", "minLength": 1}, "seq": {"type": "integer", "minimum": 0}},
            "additionalProperties": False,
        }
    },
}

KEYWORDS = {
    "type", "required", "properties", "additionalProperties", "patternProperties", "items", "enum", "const",
    "anyOf", "oneOf", "allOf", "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
    "minItems", "maxItems", "contains", "uniqueItems", "minProperties", "maxProperties", "not",
}  # fmt: skip
IGNORED = {"default", "description", "title", "$id", "deprecated", "examples", "format"}


def resolve(schema: Any, definitions: dict[str, Any]) -> Any:
    """``schema`` with its references filled in and only the validating keywords left."""
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return resolve(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key in IGNORED or key.startswith("x-"):
            continue
        if key not in KEYWORDS:
            raise SystemExit(f"keyword {key!r} is new; teach gateway/schemas/validator.py about it first")
        if key in ("properties", "patternProperties"):
            value = {name: resolve(child, definitions) for name, child in value.items()}
        elif key in ("anyOf", "oneOf", "allOf"):
            value = [resolve(child, definitions) for child in value]
        elif key in ("items", "contains", "additionalProperties", "not"):
            value = resolve(value, definitions)
        result[key] = value
    return result


def main() -> None:
    """Write the file and say how large it became."""
    protocol = json.loads(Path(sys.argv[1]).read_text())
    definitions = protocol["definitions"]
    by_name = {name.lower(): name for name in definitions}
    methods = {}
    for method in METHODS:
        name = by_name[re.sub(r"[.\-]", "", method).lower() + "params"]
        schema = resolve(definitions[name], definitions)
        newer: dict[str, Any] = {name: {} for name in NEWER.get(method, "").split()}
        schema["properties"] = newer | schema.get("properties", {}) | OWN.get(method, {})
        methods[method] = schema
    OUTPUT.write_text(json.dumps(methods, separators=(",", ":"), ensure_ascii=False) + "\n")
    print(f"{OUTPUT}: {len(methods)} methods, {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
