"""Tools: what agents may do beyond talking."""
