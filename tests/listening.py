"""uvicorn for tests: it ends at once.

Its own loop looks ten times a second whether it is to end, and its end waits as long again: most tests with a server would take
longer to end than to run.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn


@asynccontextmanager
async def listening(server: uvicorn.Server, listener: socket.socket) -> AsyncIterator[None]:
    """Serve at `listener` while this lasts. Answers under way have as long to end as the server's configuration says."""
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[listener])
    try:
        yield
    finally:
        for each in server.servers:
            each.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        if answering := set(server.server_state.tasks):
            _, late = await asyncio.wait(answering, timeout=server.config.timeout_graceful_shutdown)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
