"""Ciphers, key derivation and big numbers of MTProto; no state beyond what a caller holds."""
