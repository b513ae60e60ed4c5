"""The one exception that a user is meant to see."""


class ClvError(Exception):
    """A refusal or failure whose message says the cause and the fix; the command ends with 1."""
