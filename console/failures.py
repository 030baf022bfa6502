"""How a command ends badly: one line on standard error, and 1 or 2 as the exit code.

2 is wrong usage: the same command can never work. Everything else that fails is 1.
"""

import click

Wrong = click.UsageError
"""The command line itself is wrong (exit 2)."""


class CommandFailed(click.ClickException):
    """What was asked for did not happen (exit 1)."""

    exit_code = 1
