"""What a command tells its user instead of a traceback."""


class UserError(Exception):
    """What was asked for can't be done; the message says why and what to do."""
