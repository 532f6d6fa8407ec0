"""The kinds of API that models are called by, as ``models.providers.*.api`` names them. Plain Python.

Source of the names: ``MODEL_APIS`` of OpenClaw (src/config/types.models.ts).
"""

from typing import Any

from teamgram.openclaw.config.sections import OpenClawFile

#: What there is.
HERE = (
    "openai-completions",
    "openai-responses",
    "anthropic-messages",
    "google-generative-ai",
    "ollama",
    "echo",
)
#: OpenClaw's others: they need credentials of a cloud or of a subscription, which this program does not handle.
ELSEWHERE = frozenset(
    {
        "bedrock-converse-stream",
        "azure-openai-responses",
        "openai-codex-responses",
        "openai-chatgpt-responses",
        "github-copilot",
        "google-vertex",
        "google-gemini-cli",
    }
)


def issues_of(sections: OpenClawFile) -> list[dict[str, Any]]:
    """What is wrong with the kinds of API that a configuration names: ``{"path", "message"}`` each."""
    named = []
    for name, provider in sections.models.providers.items():
        named.append((f"models.providers.{name}.api", provider.api))
        named += [(f"models.providers.{name}.models[{i}].api", m.api) for i, m in enumerate(provider.models) if m.api]
    return [{"path": path, "message": _problem(api)} for path, api in named if api not in HERE]


def _problem(api: str) -> str:
    what = f"{api} is not spoken by this gateway" if api in ELSEWHERE else "is no kind of API that there is"
    return f"{what}; there are {', '.join(HERE)}"
