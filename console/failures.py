"""How a command ends badly: a line on standard error, and 1 or 2 as the exit code.

2 is wrong usage: the same command can never work. Everything else that fails is 1.
"""

from collections.abc import Mapping

import click

Wrong = click.UsageError
"""The command line itself is wrong (exit 2)."""


class CommandFailed(click.ClickException):
    """What was asked for did not happen (exit 1)."""

    exit_code = 1


class WrongLines(CommandFailed):
    """Lines of a file are wrong, so nothing of it was taken over (exit 1, one line for each)."""

    def __init__(self, problems: Mapping[int, str]) -> None:
        """Args: problems: what is wrong, by line."""
        self.messages = [message for _, message in sorted(problems.items())]
        super().__init__("; ".join(self.messages))
