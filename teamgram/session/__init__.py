"""MTProto sessions: wrappers per auth key, acks, resends, RPC routing, push."""
