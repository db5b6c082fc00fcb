"""`conclave fake-models`: stand-ins for the model vendors, to try everything without a key and see it fail."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.testing.fake_models.server import FakeModels


@click.command("fake-models")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; it knows no secrets.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8_800, show_default=True, help="0 picks a free one.")
@click.option("--latency-ms", type=click.FloatRange(0, 600_000), default=0, help="Wait before each answer.")
@click.option(
    "--tool-rounds", type=click.IntRange(0, 100), default=1, show_default=True, help="Turns spent on tools first."
)
@click.option("--fault", "faults", multiple=True, metavar="VENDOR:FAULT", help="Switch a fault on; may be repeated.")
@click.option(
    "--brain",
    type=click.Choice(["numbers", "obedient"]),
    default="numbers",
    show_default=True,
    help="numbers: an opinion from the numbers it is told. obedient: does what any text says.",
)
def fake_models(
    *, host: str, port: int, latency_ms: float, tool_rounds: int, faults: tuple[str, ...], brain: str
) -> None:
    """Stand in for Claude, Ollama and Perplexity on this machine until Ctrl-C.

    Prints the environment that leads `conclave serve` here. What is answered follows a plain rule on the numbers of
    the request: it is there to try the product with, not to trade on.

    \b
    Faults: status:529 (or just 529), retry_after:900, hang, drop, cut, html, empty_json, wrong_shape, bad_json,
    stream_error, slow, huge, schema_ignored, out_of_range, bad_tool_arguments, unknown_tool, tool_loop,
    max_tokens, refusal, blank_line.

    \b
    Examples:
      conclave fake-models
      conclave fake-models --latency-ms 800 --fault anthropic:529 --fault ollama:hang
    """
    from app.testing.fake_models.server import FakeModels

    fakes = FakeModels(latency_s=latency_ms / 1_000, tool_rounds=tool_rounds, brain=brain, host=host, port=port)
    for spelled in faults:
        provider, _, fault = spelled.partition(":")
        fakes.fault(provider, fault)
    asyncio.run(_serve(fakes, faults))


async def _serve(fakes: "FakeModels", faults: Sequence[str]) -> None:
    stopped = asyncio.Event()
    for told in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # where the loop cannot, Ctrl-C still ends it
            asyncio.get_running_loop().add_signal_handler(told, stopped.set)
    async with fakes:
        _introduce(fakes, faults)
        await stopped.wait()


def _introduce(fakes: "FakeModels", faults: Sequence[str]) -> None:
    """Write the environment to standard output and the words about it to standard error."""
    variables = {
        "ANTHROPIC_BASE_URL": fakes.anthropic_url,
        "ANTHROPIC_API_KEY": fakes.key,
        "OLLAMA_BASE_URL": fakes.ollama_url,
        "CONCLAVE_PERPLEXITY_URL": fakes.perplexity_url,
        "PERPLEXITY_API_KEY": fakes.key,
    }
    click.echo(f"The models are ready on {fakes.url}. Give this to `conclave serve` in another terminal:\n", err=True)
    for name, value in variables.items():
        click.echo(f"export {name}={value}")
    click.echo(_HINTS.format(url=fakes.url, faults=", ".join(faults) or "none"), err=True)


_HINTS = """
Faults that are on: {faults}. Switch one on, see what arrived, switch all off:
  curl -d '{{"provider": "anthropic", "fault": "status:529", "times": 3}}' {url}/_control/faults
  curl {url}/_control
  curl -X DELETE {url}/_control/faults
Ctrl-C stops the models."""
