"""Text for a terminal: what comes from outside must not be able to steer it."""


def plain(text: object) -> str:
    """Return text with every control character replaced, so that no headline can move a cursor or change a colour."""
    return "".join(each if each.isprintable() else "\ufffd" for each in str(text))
