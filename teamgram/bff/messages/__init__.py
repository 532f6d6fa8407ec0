"""RPCMessages: one module per family of methods."""
