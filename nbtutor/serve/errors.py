"""Why the command may give up; the message is all that its user is shown."""


class CannotStart(Exception):
    """The command cannot do what was asked for; the message says why and what to do."""
