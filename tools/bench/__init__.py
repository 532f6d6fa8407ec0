"""``make bench``: the CPU time of the server per operation, and its memory."""
