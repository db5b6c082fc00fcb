"""The command line: `conclave COMMAND`. Nothing heavy is imported before a command needs it."""

import sys
from io import TextIOWrapper
from typing import Final

import click

from app import __version__
from app.cli.lazy_group import Entry, LazyGroup

COMMANDS: Final = {
    "demo": Entry("app.cli.demo:demo", "Make one decision on bundled real bars and show every vote."),
    "analyze": Entry("app.cli.analyze:analyze", "Ask the panel about a symbol, or about every CSV in a folder."),
    "simulate": Entry("app.cli.simulate:simulate", "Let a mock market happen and decide on each of its bars."),
    "serve": Entry("app.cli.serve:serve", "Start the REST and WebSocket server."),
    "worker": Entry("app.cli.worker:worker", "Ask analysts for decisions that servers have accepted."),
    "tally": Entry("app.cli.tally:tally", "Decide votes of your own by the consensus engine; nothing is stored."),
    "decisions": Entry("app.cli.decisions:decisions", "List what was decided, newest first."),
    "replay": Entry("app.cli.replay:replay", "Make a stored decision again from its evidence and compare."),
    "verify": Entry("app.cli.verify:verify", "Check every hash chain of the record and print the heads."),
    "agents": Entry("app.cli.agents:agents", "Show the panel: who asks what, by which rule."),
    "tools": Entry("app.cli.tools:tools", "Show the analysts' tools and how they have done."),
    "doctor": Entry("app.cli.doctor:doctor", "Tell what is set up, what is missing and how to fix it."),
    "test-agents": Entry("app.cli.test_agents:test_agents", "Put the analysts through scenarios and report."),
    "fake-models": Entry("app.cli.fake_models:fake_models", "Stand in for the model vendors, without a key."),
    "migrate": Entry("app.cli.migrate:migrate", "Bring the store to the shape this version needs."),
}

EPILOG: Final = """\b
Examples:
  conclave demo
  conclave analyze AAPL --csv AAPL.csv --as-of 2023-06-30 --explain
  conclave analyze --dir quotes/
  conclave simulate AAPL --regime crash
  conclave tally votes.json
  conclave serve --port 8000

\b
Exit codes: 0 done; 1 no decision, or a check that found something;
2 input that cannot be used; 3 a failure, such as a store that cannot be written."""


@click.group(cls=LazyGroup, table=COMMANDS, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="conclave")
def cli() -> None:
    """Conclave: a panel of analysts votes on a symbol, a named rule decides, everything is recorded.

    Results go to standard output, words for people to standard error.
    """


def main() -> None:
    """Run the command line of this process; what its output cannot spell is shown as a question mark."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    cli(prog_name="conclave")


if __name__ == "__main__":
    main()
