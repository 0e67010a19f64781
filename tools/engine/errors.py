"""One error, worded for the person at the terminal."""


class EngineError(Exception):
    """
    Something that the person can act on.

    Args:
        what: what happened and where, one sentence.
        remedy: what to do next; printed on a line of its own.
    """

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\n  {self.remedy}" if self.remedy else self.what
