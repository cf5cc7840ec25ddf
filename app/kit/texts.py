"""Texts as people type them."""


def one_line(text: str) -> str:
    """Return a text on one line, without needless space and what the database cannot keep."""
    return " ".join(text.replace("\0", "").split())
