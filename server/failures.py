"""What ends a command: one line for whoever called it, and exit code 1."""


class Failure(Exception):
    """A command that did not do what it should; the message is one line that says why."""
