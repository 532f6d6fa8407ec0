"""Three ways to say the same: the protocol of 2026, the JSON-RPC one, and the small one.

They differ in framing and names only; sessions, runs, scopes and events are
the same objects behind the one router.
"""
