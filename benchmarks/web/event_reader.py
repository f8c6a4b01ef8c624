"""Reads a thousand event streams in one process of its own, as cheaply as Python can, and tells what came when.

    python -m benchmarks.web.event_reader HOST:PORT READERS TURN…

Says `open` when all streams are, then, when all have ended, its figures as JSON. Lag is counted of what was sent from a second
after that moment on; order and losses are counted of all.
"""

import asyncio
import json
import re
import resource
import sys
import time
from dataclasses import dataclass, field

TOKEN = re.compile(rb'"text": "(\d+)@(\d+) "')
LAST = re.compile(rb"^event: turn_(finished|stopped|failed|interrupted)$", re.MULTILINE)
AT_ONCE = 50  # connections being made
SETTLE_NS = 1_000_000_000
CONNECT_TIMEOUT_S = 120.0


@dataclass
class Tally:
    """What all streams have seen; `lags_ns` is of the tokens sent after `counted_from_ns`."""

    streams: int
    opened: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    events: int = 0
    out_of_order: int = 0
    counted_from_ns: int = sys.maxsize
    lags_ns: list[int] = field(default_factory=list)
    lasts: list[int] = field(default_factory=list)
    all_open: asyncio.Event = field(default_factory=asyncio.Event)
    all_ended: asyncio.Event = field(default_factory=asyncio.Event)

    def one_opened(self) -> None:
        self.opened += 1
        if self.opened == self.streams:
            self.counted_from_ns = time.monotonic_ns() + SETTLE_NS
            self.all_open.set()

    def one_ended(self, how: str, last: int) -> None:
        self.ended[how] = self.ended.get(how, 0) + 1
        self.lasts.append(last)
        if sum(self.ended.values()) == self.streams:
            self.all_ended.set()


class Stream(asyncio.Protocol):
    """One event stream. `chunked` framing stands between whole events, and is passed over."""

    def __init__(self, request: bytes, tally: Tally) -> None:
        self._request, self._tally = request, tally
        self._rest = b""
        self._is_open = False
        self._expected = 0
        self._how = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now, tally = time.monotonic_ns(), self._tally
        if not self._is_open:
            assert data.startswith(b"HTTP/1.1 200"), data[:400]
            self._is_open = True
            tally.one_opened()
        whole, _, self._rest = (self._rest + data).rpartition(b"\n\n")
        for number, sent in TOKEN.findall(whole):
            tally.events += 1
            tally.out_of_order += int(number) != self._expected
            self._expected = int(number) + 1
            if int(sent) > tally.counted_from_ns:
                tally.lags_ns.append(now - int(sent))
        if last := LAST.search(whole):
            self._how = last[1].decode()
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self._tally.one_ended(self._how or "cut off", self._expected)


async def read(host: str, port: int, readers: int, turns: list[str]) -> None:
    tally = Tally(readers)
    loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)

    async def connect(turn: str) -> None:
        request = f"GET /api/turns/{turn}/events HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
        async with gate:
            await loop.create_connection(lambda: Stream(request, tally), host, port)

    await asyncio.gather(*(connect(turns[number % len(turns)]) for number in range(readers)))
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        await tally.all_open.wait()
    print("open", flush=True)
    began, cpu_before = time.monotonic(), time.process_time()
    await tally.all_ended.wait()
    lags = sorted(tally.lags_ns)

    def lag_ms(share: float) -> float | None:
        return round(lags[min(int(share * len(lags)), len(lags) - 1)] / 1e6, 1) if lags else None

    figures = {
        "events": tally.events,
        "lag_ms": {"of_events": len(lags), "p50": lag_ms(0.5), "p99": lag_ms(0.99), "max": lag_ms(1)},
        "out_of_order": tally.out_of_order,
        "lost": len(tally.lasts) * max(tally.lasts) - tally.events,
        "ended": tally.ended,
        "reader_cores": round((time.process_time() - cpu_before) / (time.monotonic() - began), 2),
    }
    print(json.dumps(figures), flush=True)


def main() -> None:
    address, readers, *turns = sys.argv[1:]
    host, _, port = address.partition(":")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(read(host, int(port), int(readers), turns))


if __name__ == "__main__":
    main()
