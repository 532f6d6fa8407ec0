"""Our own MTProto client: what tests and the load generator drive a server with.

Cores without I/O (``transports``, ``exchange``, ``envelope``, ``session``) and
a Twisted connection around them (``connection``). It follows the protocol
unless it is told not to: every field that a rule speaks about can be set
wrong from outside.
"""
