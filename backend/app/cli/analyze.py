"""`conclave analyze`: ask the panel about one symbol, or about every file of a folder."""

from typing import Any

import click

METHODS = "majority, weighted, median, unanimous, risk_adjusted or bft"
STRATEGIES = "conservative, highest_confidence, risk_manager or weighted_average"


@click.command()
@click.argument("symbol", required=False)
@click.option("--csv", "csv_file", metavar="FILE", help="Bars of the symbol; - is standard input.")
@click.option("--dir", "folder", metavar="FOLDER", help="Analyse every CSV in a folder instead, and print a table.")
@click.option("--as-of", metavar="TIME", help="Decide as of then; a date alone means the end of that day.")
@click.option("--method", help=f"How votes are counted: {METHODS}.")
@click.option("--conflict", metavar="STRATEGY", help=f"Who decides when they do not settle it: {STRATEGIES}.")
@click.option("--agents", metavar="ROLES", help="Whom to ask, separated by commas; the whole panel unless given.")
@click.option("--config", metavar="JSON", help="Any settings of the engine, such as '{\"quorum\": 0.8}'.")
@click.option("--news", metavar="FILE", help="JSON list of headlines: timestamp, source, title, text.")
@click.option("--interval", help="Length of a bar, such as 1d or 15m; inferred unless given.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Deadline of the whole panel, 30 unless given.")
@click.option("--json", "as_json", is_flag=True, help="Print the decision record as it is stored.")
@click.option("--explain", is_flag=True, help="Add every reason in full and the arithmetic of the consensus.")
def analyze(symbol: str | None, csv_file: str | None, folder: str | None, as_json: bool, **options: Any) -> int:
    """Ask the panel about SYMBOL and print the decision, which is stored in POSTGRES_URL, else in CONCLAVE_HOME.

    The CSV needs a header with the columns date, open, high, low, close and, if known, volume; times without an
    offset are UTC. With --dir the symbol is the file name up to the first underscore or dot.

    \b
    Exit codes: 0 decided; 1 no decision; 2 input that cannot be used; 3 a failure.
    With --dir a file that cannot be used is reported, the rest are analysed, and the code is 2.

    \b
    Examples:
      conclave analyze AAPL --csv AAPL_daily.csv
      conclave analyze AAPL --csv - --as-of 2023-06-30 --json < AAPL_daily.csv
      conclave analyze IBM --csv IBM.csv --agents technical_analyst,risk_advisor --method majority
      conclave analyze --dir quotes/ --as-of 2012-12-31
    """
    _check_combination(symbol, csv_file, folder, options)
    from app.cli.analysis_options import AnalysisOptions

    asked = AnalysisOptions.of(**options)
    if folder is not None:
        from app.cli.analyze_folder import analyze_folder

        return analyze_folder(folder, asked, as_json)
    from app.cli.analyze_symbol import analyze_symbol

    return analyze_symbol(str(symbol), str(csv_file), asked, as_json)


def _check_combination(symbol: str | None, csv_file: str | None, folder: str | None, options: dict[str, Any]) -> None:
    if folder is None and (symbol is None or csv_file is None):
        raise click.UsageError("Give a SYMBOL and its bars with --csv FILE, or a folder with --dir FOLDER.")
    if folder is not None and (symbol is not None or csv_file is not None):
        raise click.UsageError("--dir takes symbols and bars from the folder; leave SYMBOL and --csv out.")
    if folder is not None and (options["news"] or options["explain"]):
        raise click.UsageError("--news and --explain go with one SYMBOL, not with --dir.")
    if csv_file == "-" and options["news"] == "-":
        raise click.UsageError("Standard input holds either the bars or the news, not both.")
