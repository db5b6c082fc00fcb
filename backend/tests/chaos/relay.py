"""The relay as a process of its own, so that it can be killed by itself."""

import asyncio

from app.config import read_settings
from app.observability.logging import configure_logging
from app.work_sharing import sharing


async def main() -> None:
    """Send the letters of the outbox until killed."""
    settings = read_settings()
    configure_logging(settings.log_level)
    async with sharing(settings, lambda transport: transport):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
