"""The web console: static files for a browser, and who serves them (``pages``)."""
