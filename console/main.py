"""The command `renkei`: a table of commands, and the one place where failures become exit codes."""

import gc
import importlib
import sys
from typing import Any

import click

from console.failures import WrongLines

# Imports make many objects that live for good; collecting them again and again takes longer.
GC_THRESHOLD = 50_000

# One row per command: where it is, and its line in the help. Nothing is imported until it is
# called, because scripts call `renkei` hundreds of times.
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("console.commands.up:up", "Run everything on this machine until Ctrl-C."),
    "demo": ("console.commands.demo:demo", "The whole job with simulated carts, on this machine."),
    "db": ("console.commands.db:db", "Prepare the database; change the key of the secrets."),
    "doctor": ("console.commands.doctor:doctor", "Check settings, servers, workers and shops."),
    "merchant": ("console.commands.merchants:merchant", "Merchants (荷主)."),
    "shop": ("console.commands.shops:shop", "Shops (店舗): credentials, kill switch, settings."),
    "robot": ("console.commands.robots:robot", "Robots (連携ロボット): cadence, on and off."),
    "run": ("console.commands.run:run", "Run one action of one shop now."),
    "runs": ("console.commands.runs:runs", "Runs (実行) and their items."),
    "tasks": ("console.commands.tasks:tasks", "Orders as they came (タスク一覧)."),
    "log": ("console.commands.log:log", "The API log (APIログ)."),
    "orders": ("console.commands.orders:orders", "Shipping instructions (出荷指示)."),
    "stock": ("console.commands.stock:stock", "SKUs (品番) and their counts."),
    "mapping": ("console.commands.mappings:mapping", "Shops' items and their SKUs (対応表)."),
    "method": ("console.commands.methods:method", "Delivery methods and the carts' carriers."),
    "payment": ("console.commands.payments:payment", "What payment methods mean (支払方法)."),
    "dead": ("console.commands.dead_letters:dead", "Dead letters: replay, discard."),
    "maintenance": ("console.commands.maintenance:maintenance", "When carts are closed."),
    "rules": ("console.commands.rules:rules", "Rules that change new orders (処理ロボット)."),
    "sets": ("console.commands.sets:sets", "Set products (セット商品)."),
    "api-client": ("console.commands.api_clients:api_client", "Programs that may call the API."),
    "simulator": ("console.commands.simulator:simulator", "Both carts, simulated."),
}


class Root(click.Group):
    """Loads a command when it is called, and turns failures into one line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module that holds the command."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse words that nothing could keep, wherever they stand."""
        for word in args:
            if not word.isprintable():
                from domain.notation import storable  # noqa: PLC0415 -- rarely needed

                try:
                    storable(word)
                except ValueError as error:
                    raise click.UsageError(f"{word!r} {error}", ctx) from error
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help from the table, without importing anything."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def main(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 -- as click declares it
        """Run the command line and exit with 0, 1 (failed) or 2 (wrong usage)."""
        extra["standalone_mode"] = False
        try:
            code = super().main(*args, **extra)
        except Exception as error:  # noqa: BLE001 -- the last place: a person gets one line
            code = report(error)
        sys.exit(code if isinstance(code, int) else 0)


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="renkei", message="renkei %(version)s")
def cli() -> None:
    """Keep the shops of merchants on hosted carts and one warehouse in step (連携).

    Every command takes --json (one JSON document on standard output) and --merchant KEY.
    """


def report(error: Exception) -> int:
    """Write one line about a failure to standard error and return the exit code it means."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return error.exit_code
    if isinstance(error, click.Abort):
        return complain("stopped", 1)
    if isinstance(error, click.UsageError):
        help_of = f"; see `{error.ctx.command_path} --help`" if error.ctx else ""
        return complain(error.format_message().rstrip(".") + help_of, error.exit_code)
    if isinstance(error, WrongLines):
        return max(complain(message, error.exit_code) for message in error.messages)
    if isinstance(error, click.ClickException):
        return complain(error.format_message(), error.exit_code)
    from console.explain import explain  # noqa: PLC0415 -- imports what may have failed

    return complain(explain(error), 1)


def complain(message: str, code: int) -> int:
    """Write the line and return the code."""
    from console.output import visible  # noqa: PLC0415 -- not needed to say what there is

    click.echo(f"renkei: {' '.join(visible(message).split())}", err=True)
    return code


def main() -> None:
    """Entry point of the installed command."""
    gc.set_threshold(GC_THRESHOLD)
    try:
        cli.main(prog_name="renkei")
    finally:
        # Nothing is left to collect that the end of the process does not free: saves 0.1 s.
        gc.freeze()
