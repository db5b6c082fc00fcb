"""`conclave worker`: analysts for decisions that any API process has accepted."""

import click


@click.command()
@click.option("--roles", help="Roles to work for, comma-separated; all of them unless given.")
@click.option(
    "--concurrency",
    type=click.IntRange(2, 1_000),
    default=32,
    show_default=True,
    help="Tasks of each role under way at once; no symbol takes more than half of them.",
)
def worker(roles: str | None, concurrency: int) -> None:
    """Ask analysts on behalf of API processes until Ctrl-C or SIGTERM.

    Then what is under way may finish for CONCLAVE_GRACE_SECONDS; a second signal hurries. What does not finish comes to
    another worker. Needs POSTGRES_URL and RABBITMQ_URL, the same as the API processes have, and the same models.
    CONCLAVE_METRICS_PORT shows its figures.

    \b
    Examples:
      conclave worker
      conclave worker --roles risk_advisor,technical_analyst --concurrency 8
    """
    from app.cli.worker_process import run
    from app.config import read_settings
    from app.observability.logging import configure_logging

    settings = read_settings()
    configure_logging(settings.log_level, settings.log_format)
    names = [name.strip() for name in roles.split(",") if name.strip()] if roles else None
    run(settings, names, concurrency)
