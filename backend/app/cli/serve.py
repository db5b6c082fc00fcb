"""`conclave serve`: the desk behind REST and WebSocket."""

import click


@click.command()
@click.option("--host", help="Address to listen on; 127.0.0.1 unless CONCLAVE_HOST or this says otherwise.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="Port; 8000 unless CONCLAVE_PORT or this says otherwise, 0 picks a free one.",
)
def serve(host: str | None, port: int | None) -> None:
    """Start the server and run it until Ctrl-C.

    On this machine's own address it needs no key; any other address needs CONCLAVE_API_KEY.

    \b
    Examples:
      conclave serve
      CONCLAVE_API_KEY=... conclave serve --host 0.0.0.0 --port 8080
    """
    from app.config import read_settings
    from app.observability.logging import configure_logging
    from app.web.server import serve as run_server

    wishes = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = read_settings().model_copy(update=wishes)
    configure_logging(settings.log_level, settings.log_format)
    run_server(settings)
