"""Waits until nobody talks to a server any more, so that a change of models cuts no answer short."""

import asyncio

import psutil

POLL_S = 1.0
AT_MOST_S = 60.0


async def wait_until_disconnected(pid: int) -> None:
    """Return when no connection to the process (or its children) is open, at the latest after `AT_MOST_S`.

    Connections are counted rather than asked for: llama.cpp's `/slots` delays the very stop that one waits for.
    """
    try:
        async with asyncio.timeout(AT_MOST_S):
            while _is_connected(pid):  # noqa: ASYNC110 -- the kernel tells nobody
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        return


def _is_connected(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        connections = [
            each for one in (process, *process.children(recursive=True)) for each in one.net_connections("tcp")
        ]
    except psutil.Error:
        return False
    listening = {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN}
    return any(each.status == psutil.CONN_ESTABLISHED and each.laddr.port in listening for each in connections)
