"""The base of what the domain refuses to do: facts, not wire codes. bff maps them."""


class DomainError(Exception):
    """Something asked for is not so, or not allowed."""


class FloodWait(DomainError):
    """Asked too often; ``seconds`` says when it may be asked again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds
