"""Why the command may give up; the message is all that its user is shown."""

INSTALL_SITE = "python -m pip install 'nbtutor-neural[site]'"
"""The command that installs what the static site is built with."""


class CannotStart(Exception):
    """The command cannot do what was asked for; the message says why and what to do."""


class MissingPackage(CannotStart):
    """The static site needs a package that is not installed.

    Parameters
    ----------
    name : str
    install : str
        The command that installs it.
    """

    def __init__(self, name: str, install: str = INSTALL_SITE) -> None:
        super().__init__(
            f"the site needs the package {name}, which is not installed here: {install}"
        )
