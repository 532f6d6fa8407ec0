"""Who somebody talks to: the list of conversations and what is kept for each."""
