"""Bots over MTProto: signing in by token, what they say of themselves, buttons that ask them."""
