"""The one failure of the control plane's configuration: where it is, what is wrong, what to do."""


class OpenClawConfigError(Exception):
    """A configuration cannot be used.

    Attributes:
        file: the file's name, empty for a patch.
        issues: ``{"path", "message"}`` of each problem; the path is empty for the whole file.
    """

    def __init__(self, file: str, issues: list[dict[str, str]]) -> None:
        self.file = file
        self.issues = issues
        super().__init__(
            "; ".join(f"{file}: {self.issue_text(issue)}" if file else self.issue_text(issue) for issue in issues)
        )

    @staticmethod
    def issue_text(issue: dict[str, str]) -> str:
        """``gateway.port: …``."""
        return f"{issue['path']}: {issue['message']}" if issue["path"] else issue["message"]

    def summary(self) -> str:
        """All issues in one line, without the file."""
        return "; ".join(map(self.issue_text, self.issues))
