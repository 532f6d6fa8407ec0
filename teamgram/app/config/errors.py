"""The one failure of configuration: where it is, what is wrong, what to do."""


class ConfigError(Exception):
    """A configuration file cannot be used.

    Attributes:
        file: the file's name, as given.
        path: where in it, e.g. ``Gnetway.Server[0].Proto``; empty for the whole file.
        problem: what is wrong there, with the fix.
    """

    def __init__(self, file: str, path: str, problem: str) -> None:
        self.file = file
        self.path = path
        self.problem = problem
        super().__init__(f"{file}: {path + ': ' if path else ''}{problem}")
