"""The rules of MTProto's pages, each held by a test that speaks to the running server byte by byte.

``docs/conformance.md`` says which test holds which rule.
"""
