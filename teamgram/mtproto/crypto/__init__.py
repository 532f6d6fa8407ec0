"""The primitives of the wire: AES, RSA, Diffie-Hellman, key derivation."""
