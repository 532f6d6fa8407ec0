"""RPCFiles, and how clients name media."""
