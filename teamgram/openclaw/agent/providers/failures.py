"""What went wrong at a model provider, told from its status and its words. Plain Python.

Sources of the wordings: ``packages/ai/src/utils/overflow.ts`` of earendil-works/pi (which OpenClaw calls models with)
for a full context, ``src/agents/embedded-agent-helpers/failover-matches.ts`` of openclaw/openclaw for billing and
overload, https://docs.claude.com/en/api/errors for Anthropic's types, and
https://ai.google.dev/gemini-api/docs/troubleshooting for Gemini's.
"""

import re
from collections.abc import Iterable
from typing import Any

from teamgram.openclaw.agent.providers.model_api import CONTEXT_LENGTH, RATE_LIMIT, TIMEOUT, ProviderError
from teamgram.openclaw.agent.providers.reply_stream import from_json
from teamgram.openclaw.agent.providers.reply_text import without_halves

#: The longest time that a provider may ask us to wait, in seconds.
LONGEST_RETRY_AFTER = 300.0
_SHOWN_CHARS = 240
_READ_CHARS = 8192

_CONTEXT = re.compile(
    r"prompt is too long|request_too_large|input is too long|input length and .max_tokens. exceed|"
    r"exceeds? (?:the )?context (?:window|length|limit)|exceeds? (?:the )?(?:model'?s )?maximum context length|"
    r"input token count.{0,80}exceeds the maximum|maximum prompt length is \d|"
    r"reduce the length of (?:the|your) (?:messages|prompt|input)|maximum context length is|"
    r"maximum allowed input length|longer than the model'?s context length|prompt token count.{0,40}exceeds the limit|"
    r"exceeds the available context size|exceed_context_size|greater than the context length|"
    r"context window exceeds limit|exceeded model token limit|maximum context length|model_context_window_exceeded|"
    r"prompt too long|context[_ ]length[_ ]exceeded|context size has been exceeded|too many tokens|"
    r"token limit exceeded|range of input length should be",
    re.IGNORECASE,
)
_BILLING = re.compile(
    r"payment required|insufficient[_ ](?:credits?|quota|balance|funds)|insufficient \w+ balance|credit balance|"
    r"(?:requires?|need) more credits|used all available credits|spend(?:ing)? limit|out of credits|"
    r"billing[_ ](?:error|hard[_ ]limit|not[_ ]active)|account is not active|plans & billing|"
    r"exceeded your current quota",
    re.IGNORECASE,
)
_AUTH = re.compile(
    r"api[_ ]key not valid|(?:invalid|incorrect|missing)[_ ](?:x-)?api[_ -]?key|api_key_invalid|authentication_error|"
    r"invalid (?:bearer |auth(?:entication)? )?token|unauthori[sz]ed|no api key",
    re.IGNORECASE,
)
_RATE = re.compile(r"rate[_ ]?limit|too many requests|resource_exhausted|throttl|tokens per min", re.IGNORECASE)
_OVERLOADED = re.compile(
    r"overloaded|at capacity|high demand|model is (?:currently )?loading|loading model", re.IGNORECASE
)
_ROLES = re.compile(
    r"roles must alternate|successive (?:user|assistant)|consecutive (?:user|assistant)|alternat\w+ (?:between )?user",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|extra inputs|invalid", re.IGNORECASE
)
_MISSING_MODEL = re.compile(r"model.{0,80}(?:not found|does not exist|no such)|try pulling it", re.IGNORECASE)
#: Body fields that a provider may not know, and that a request can do without.
PARAMETERS = ("stream_options", "max_completion_tokens", "max_tokens", "temperature", "reasoning_effort", "store")
_RETRY_DELAY = re.compile(r'"retrydelay"\s*:\s*"([0-9.]+)s"', re.IGNORECASE)
_KEY_LIKE = re.compile(r"\b(?:sk|pk|gsk|xai|AIza|Bearer)[-_ ]?[A-Za-z0-9_.*-]{8,}")

#: Anthropic's types and OpenAI's, as the status that goes with them.
_STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 402,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def failure_of(status: int, body_text: str, secrets: Iterable[str] = ()) -> ProviderError:
    """The error for an answer that is no reply.

    Args:
        status: of HTTP; 200 when the failure came inside an answer that began well.
        secrets: texts that must not be shown, should the provider repeat them.
    """
    text = body_text[:_READ_CHARS]
    error = _told(text)
    if status == 200:
        status = _status_inside(error)
    message = _message(error, text, secrets)
    is_limited = status == 429 or bool(_RATE.search(text))
    if (_CONTEXT.search(text) and not is_limited and status not in (401, 402, 403, 404)) or status == 413:
        return ProviderError(
            "The conversation is too long for the model.", kind=CONTEXT_LENGTH, reason="context_length", status=status
        )
    delay = _RETRY_DELAY.search(text)
    if status == 402 or (_BILLING.search(text) and status < 500 and delay is None):
        return ProviderError(
            f"The model provider wants its billing settled: no credit or quota is left{message}",
            reason="billing",
            status=status,
        )
    if status in (401, 403) or (_AUTH.search(text) and status < 429):
        return ProviderError(
            f"The model provider refused the credentials (HTTP {status}). Check models.providers.*.apiKey.",
            reason="auth", status=status,
        )  # fmt: skip
    if is_limited:
        found = ProviderError(
            f"The model provider is rate limiting requests (HTTP {status}).",
            kind=RATE_LIMIT, reason="rate_limit", retryable=True, status=status,
        )  # fmt: skip
        found.retry_after = min(float(delay.group(1)), LONGEST_RETRY_AFTER) if delay is not None else None
        return found
    if status == 404 or (status < 500 and _MISSING_MODEL.search(text)):
        text = f"The model provider does not know this model (HTTP {status}){message}"
        return ProviderError(text, reason="model", status=status)
    if _ROLES.search(text):
        return ProviderError(
            f"The model provider refused the order of messages{message}", reason="roles", status=status
        )
    if status in (408, 409, 425) or status >= 500:
        overloaded = status in (503, 529) or bool(_OVERLOADED.search(text))
        return ProviderError(
            f"The model provider failed (HTTP {status}). This is usually temporary; try again shortly.",
            kind=TIMEOUT if status in (408, 504) else "unknown",
            reason="overloaded" if overloaded else "server_error",
            retryable=True,
            status=status,
        )
    refused = ProviderError(
        f"LLM request failed: the provider rejected the request (HTTP {status}){message}",
        reason="format",
        status=status,
    )
    refused.parameter = _refused_parameter(error, text)
    return refused


def retry_after(value: str, now: float) -> float | None:
    """Seconds of a ``Retry-After`` header, which is a number or a date (RFC 9110, 10.2.3); None if it is neither.

    Args:
        now: Unix seconds.
    """
    # Imported where a provider asks for it: the start of the program needs no mail.
    from email.utils import parsedate_to_datetime

    value = value.strip()
    is_number = value.replace(".", "", 1).isdigit()
    try:
        seconds = float(value) if is_number else parsedate_to_datetime(value).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def _told(text: str) -> Any:
    """The error object of a body: ``{"error": …}``, ``[{"error": …}]`` (Gemini), or itself."""
    try:
        value = from_json(text)
    except ValueError:
        return text
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        return value.get("error") or value.get("detail") or value
    return value


def _status_inside(error: Any) -> int:
    if isinstance(error, dict):
        for name in ("code", "status", "status_code", "http_code"):
            value = error.get(name)
            if isinstance(value, str) and value.isdigit():
                value = int(value)
            if isinstance(value, int) and 400 <= value < 600:
                return value
        for name in ("type", "code"):
            found = _STATUS_OF_TYPE.get(str(error.get(name)))
            if found is not None:
                return found
    text = str(error)
    if _CONTEXT.search(text) or _MISSING_MODEL.search(text) or _AUTH.search(text):
        return 400
    return 429 if _RATE.search(text) else 500


def _message(error: Any, text: str, secrets: Iterable[str]) -> str:
    """What the provider said, to be shown after a sentence of ours: ``: …`` or a full stop."""
    said = error.get("message") if isinstance(error, dict) else error
    if not isinstance(said, str) or said.lstrip().startswith(("<", "{")):
        return "."
    for secret in secrets:
        if secret:
            said = said.replace(secret, "…")
    said = " ".join(_KEY_LIKE.sub("…", without_halves(said)).split())
    return f": {said[:_SHOWN_CHARS]}" if said else "."


def _refused_parameter(error: Any, text: str) -> str:
    named = error.get("param") if isinstance(error, dict) else None
    if named in PARAMETERS:
        return str(named)
    if _REFUSED.search(text):
        return next((name for name in PARAMETERS if name in text), "")
    return ""
