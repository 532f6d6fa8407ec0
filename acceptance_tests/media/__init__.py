"""Large files with every client library: what `make test` has no time for."""
