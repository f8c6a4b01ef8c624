"""Halves of characters: JSON may carry one half of a surrogate pair alone, UTF-8 and with it every wire and disk may not."""


def join_halves(text: str) -> str:
    """The text with its surrogate pairs joined, and with a replacement character for a half that is alone."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
