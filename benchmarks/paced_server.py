"""A chat server that keeps a given pace, as one on another machine would: in this process, or in one of its own."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from itertools import count

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from benchmarks.beside import served_beside
from tests.models.fake_servers import STOP, USAGE, chunk, completion, serving


@dataclass(frozen=True)
class Pace:
    """Seconds; an answer of no `tokens` never ends. `verdict_s`: until an answer that is not streamed."""

    first_token_s: float = 0.0
    between_s: float = 0.0
    tokens: int = 0
    verdict_s: float = 0.0


@dataclass
class PacedServer:
    """Each token says its number and when it was sent, by a clock that all processes of a machine share: `7@123456789 `."""

    pace: Pace
    left_at_ns: list[int] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self.complete, methods=["POST"]),
                Route("/left_at_ns", self.tell_who_left),
            ]
        )

    async def complete(self, request: Request) -> Response:
        if (await request.json()).get("stream"):
            return StreamingResponse(self._tokens(), media_type="text/event-stream")
        await asyncio.sleep(self.pace.verdict_s)
        return completion('{"need": "text"}')

    async def tell_who_left(self, _request: Request) -> Response:
        """When clients left in mid-answer: the moments at which this server was free of them."""
        return JSONResponse(self.left_at_ns)

    async def _tokens(self) -> AsyncIterator[str]:
        pace, now = self.pace, asyncio.get_running_loop().time
        began = now()
        has_ended = False
        try:
            for number in range(pace.tokens) if pace.tokens else count():
                if (wait_s := began + pace.first_token_s + number * pace.between_s - now()) > 0:
                    await asyncio.sleep(wait_s)
                yield f"data: {json.dumps(chunk(f'{number}@{time.monotonic_ns()} '))}\n\n"
            yield "".join(f"data: {json.dumps(last)}\n\n" for last in (STOP, USAGE)) + "data: [DONE]\n\n"
            has_ended = True
        finally:
            if not has_ended:
                self.left_at_ns.append(time.monotonic_ns())


def paced_process(pace: Pace) -> AbstractContextManager[str]:
    """Run the server in a process of its own; gives its address."""
    return served_beside("benchmarks.paced_server", json.dumps(asdict(pace)))


def main() -> None:
    """Say where the server is, and serve until the standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pace", help="the fields of `Pace` as JSON")
    with serving(PacedServer(Pace(**json.loads(parser.parse_args().pace))).app()) as address:
        print(address, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
