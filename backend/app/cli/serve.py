"""`conclave serve`: the desk behind REST and WebSocket."""

import click


@click.command()
@click.option("--host", help="Address to listen on; 127.0.0.1 unless CONCLAVE_HOST or this says otherwise.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="Port to listen on; 8000 unless given; 0 picks a free one."
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
    from app.web.server import serve as run_server

    wishes = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = read_settings().model_copy(update=wishes)
    if settings.port:
        address = url_of(settings.host, settings.port)
        click.echo(f"Conclave at {address}, its documentation at {address}/docs; stop it with Ctrl-C.", err=True)
    run_server(settings)


def url_of(host: str, port: int) -> str:
    """Return where a browser on this machine finds the server."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
