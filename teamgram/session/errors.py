"""RPC errors that session answers itself, as (code, message); names from Telegram's list of errors."""

INPUT_METHOD_INVALID = (400, "INPUT_METHOD_INVALID")
INPUT_FETCH_ERROR = (400, "INPUT_FETCH_ERROR")
INPUT_REQUEST_TOO_LONG = (400, "INPUT_REQUEST_TOO_LONG")
CONNECTION_NOT_INITED = (400, "CONNECTION_NOT_INITED")
CONNECTION_LAYER_INVALID = (400, "CONNECTION_LAYER_INVALID")
MSG_WAIT_FAILED = (400, "MSG_WAIT_FAILED")
AUTH_KEY_PERM_EMPTY = (401, "AUTH_KEY_PERM_EMPTY")
FLOOD_WAIT = (420, "FLOOD_WAIT_1")
INTERNAL = (500, "INTERNAL")

METHOD_NOT_IMPL = (400, "METHOD_NOT_IMPL")
"""Clients take every code from 500 on for a passing fault and ask again, for ever; 400 ends it in their own words."""

TIMEOUT = (503, "TIMEOUT")
"""Telegram says -503; the sign there makes TDLib send the request again, which a stuck one does not deserve."""
