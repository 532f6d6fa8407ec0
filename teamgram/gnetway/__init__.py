"""The MTProto edge: listeners, connections, the timing wheel, decryption, hand-over to session."""
