"""Client libraries beyond those of ``make test``: other languages, forks, older ones; ``make test-more-clients``."""
