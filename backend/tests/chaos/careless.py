"""The same processes without publisher confirms, for the run that has to be noticed: `careless.py serve --port 0`."""

import asyncio
import sys

from app.cli.main import main
from app.messaging.rabbitmq.publisher import Publisher
from tests.chaos import relay


async def _open_without_confirms(self: Publisher) -> object:
    async with self._opening:
        if self._channel is None or self._channel.is_closed:
            connection = await self._link.connection()
            channel = await connection.channel(publisher_confirms=False)
            await self._topology.declare_exchanges(channel)
            await self._topology.restore(connection)
            self._channel = channel
        return self._channel


if __name__ == "__main__":
    Publisher._open = _open_without_confirms
    if sys.argv[1] == "relay":
        asyncio.run(relay.main())
    else:
        main()
