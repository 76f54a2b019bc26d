"""`python -m sandbox`: demo, up, replay, shop, woo and bench-demo."""

from __future__ import annotations

import sys

import click


@click.group(help="Run shop, hub and executor without a bench.")
def cli() -> None:
    pass


@cli.command(help="The whole path, checked against the shop to the halala.")
def demo() -> None:
    from sandbox import demo as command

    sys.exit(command.main())


@cli.command(help="Shop, hub and executor stay up until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="URLs and secrets as one first line of JSON.")
def up(as_json: bool) -> None:
    from sandbox import up as command

    sys.exit(command.main(as_json))


REPLAY_HELP = """What captured webhook bodies or REST answers of Salla become.

Each FILE holds one JSON body. All go through one hub and one executor, in the order given, so products come
before the order that wants them. An order and its lines, which newer apps get apart, are given one right after
the other. Nothing leaves this machine, and nothing is kept.

Exit status: 0 if every FILE could be read, whatever became of it; 1 if one could not; 2 for a wrong call.
"""


@cli.command(help=REPLAY_HELP)
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of text.")
@click.option("--rules", multiple=True, type=click.Path(), help="Mapping Rules, as the hub exports them.")
def replay(files: tuple[str, ...], as_json: bool, rules: tuple[str, ...]) -> None:
    from sandbox import replay as command

    sys.exit(command.main(files, as_json, rules))


@cli.command(help="The simulated Salla store alone, for a hub that runs elsewhere.")
@click.option("--port", default=0, show_default=True, help="0 takes any free one.")
@click.option("--install", default="", help="Webhook URL of a hub to tell of the app's installation.")
def shop(port: int, install: str) -> None:
    from sandbox import shop as command

    sys.exit(command.main(port, install))


@cli.command(help="The simulated WooCommerce store alone, for a hub that runs elsewhere.")
@click.option("--port", default=0, show_default=True, help="0 takes any free one.")
@click.option("--keys", "keys_only", is_flag=True, help="Only print its keys, as JSON.")
def woo(port: int, keys_only: bool) -> None:
    from sandbox import woo as command

    sys.exit(command.main(port, keys_only))


@cli.command("bench-demo", help="The demo's scenarios on the two sites of a bench.")
def bench_demo() -> None:
    from sandbox import bench_demo as command

    sys.exit(command.main())


if __name__ == "__main__":
    cli()
