"""One run of a program: a process tied to this one, its output, and whether it is ready."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable
from pathlib import Path
from typing import Self

import httpx

from mom.serving.child_log import ChildLog
from mom.serving.program import LOOPBACK, Program

FIRST_POLL_S, SLOWEST_POLL_S = 0.05, 0.5
HEALTH_TIMEOUT_S = 2.0
TERMINATE_S = 5.0  # for the web process, which closes its streams and stores running answers
LAST_OUTPUT_S = 1.0  # a grandchild may hold the pipe open longer
READ_BYTES = 65_536


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


class Child:
    """Start with `Child.start`; always `end` it, also when it has ended by itself."""

    def __init__(self, program: Program, process: Process, log: ChildLog, port: int, api_key: str) -> None:
        self.program = program
        self.port = port
        self.api_key = api_key
        self.pid = process.pid
        self._process = process
        self._log = log
        self._reading = asyncio.create_task(self._read_output())
        self._exit = asyncio.create_task(process.wait())

    @classmethod
    async def start(cls, program: Program, log_folder: Path, *, on_line: Callable[[str], None] | None = None) -> Self:
        """Start the process. Raises `OSError` when the program cannot be run at all. `on_line` is given each line it prints.

        Call it in the thread that lives longest: on Linux a child dies with the *thread* that started it.
        """
        port = program.port or free_port()
        api_key = secrets.token_urlsafe(32)
        process = await asyncio.create_subprocess_exec(
            *program.argv,
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            # Ctrl-C in a terminal reaches the supervisor alone, which ends all in order.
            start_new_session=sys.platform != "win32",
        )
        child = cls(program, process, ChildLog(log_folder / f"{program.name}.log", on_line), port, api_key)
        assert process.stdin is not None
        config = {**program.config, "port": port, "api_key": api_key}
        try:
            process.stdin.write(json.dumps(config).encode() + b"\n")
            await process.stdin.drain()
        except ConnectionError:
            return child  # it has ended already: `wait` tells
        except BaseException:
            await child.end()
            raise
        return child

    async def wait_until_ready(self, http: httpx.AsyncClient) -> bool:
        """True as soon as its health endpoint answers 200; False when it has ended before."""
        pause = FIRST_POLL_S
        while not await self._is_healthy(http):
            ended, _ = await asyncio.wait({self._exit}, timeout=pause)
            if ended:
                return False
            pause = min(pause * 1.5, SLOWEST_POLL_S)
        return not self._exit.done()

    async def wait(self) -> int:
        """Its exit code, once it has ended (negative: the signal that ended it)."""
        code = await asyncio.shield(self._exit)
        await asyncio.wait({self._reading}, timeout=LAST_OUTPUT_S)
        return code

    async def end(self) -> None:
        """SIGTERM, some seconds, SIGKILL; a cancelled `end` kills at once."""
        try:
            if not self._exit.done():
                with contextlib.suppress(ProcessLookupError):  # ended, and not yet noticed
                    self._process.terminate()
                await asyncio.wait({self._exit}, timeout=TERMINATE_S)
        finally:
            if not self._exit.done():
                self._kill()
            await self._exit
            await asyncio.wait({self._reading}, timeout=LAST_OUTPUT_S)
            self._reading.cancel()
            self._log.close()

    def last_words(self) -> str:
        """Why it ended, as far as its output tells."""
        return self.program.explain(list(self._log.tail))

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self.pid, signal.SIGKILL)  # its session's group: grandchildren too

    async def _is_healthy(self, http: httpx.AsyncClient) -> bool:
        try:
            answer = await http.get(
                f"http://{self.program.host}:{self.port}{self.program.health_path}", timeout=HEALTH_TIMEOUT_S
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    async def _read_output(self) -> None:
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(READ_BYTES):
            self._log.feed(data)
