"""The Bot API: an HTTP server with the methods of core.telegram.org/bots/api on the domain."""
