"""The wire: TL for every layer, crypto, transports, key exchange, envelope. Plain Python, no I/O."""
