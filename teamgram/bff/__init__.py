"""The RPC services: decode, ask the domain, encode."""
