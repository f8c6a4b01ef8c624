"""Asks for chat completions on a few connections at once for some seconds, in one process of its own.

    python -m benchmarks.web.load URL MODEL CONNECTIONS SECONDS [--stream]

Prints requests a second and milliseconds as JSON. A stream's first token is the one with the number 0 of
`benchmarks/paced_server.py`.
"""

import argparse
import asyncio
import json
import time
from itertools import count
from statistics import median, quantiles
from urllib.parse import urlsplit

FIRST_TOKEN, LAST_CHUNK = b"0@", b"\r\n0\r\n\r\n"
READ_BYTES = 2**20
QUESTIONS = (
    "what does a fox eat in winter, and where does it sleep?",
    "explain to me how a bicycle stays upright",
    "summarise the plot of Hamlet in three sentences",
    "why is the sky blue, and why are sunsets red?",
)


class Asker:
    """Several connections, each asking again as soon as it has been answered."""

    def __init__(self, url: str, model: str, *, stream: bool) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._path = str(parts.hostname), parts.port, f"{parts.path}/chat/completions"
        self._model, self._stream = model, stream
        self._number = count()
        self.took_s: list[float] = []
        self.first_token_s: list[float] = []

    async def ask_until(self, end: float) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=READ_BYTES)
        while time.perf_counter() < end:
            began = time.perf_counter()
            writer.write(self._request())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert head.startswith(b"http/1.1 200"), head + await reader.read(1_000)
            if self._stream:
                await reader.readuntil(FIRST_TOKEN)
                self.first_token_s.append(time.perf_counter() - began)
                await reader.readuntil(LAST_CHUNK)
            else:
                await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
            self.took_s.append(time.perf_counter() - began)
        writer.close()

    def _request(self) -> bytes:
        number = next(self._number)
        asked = {"role": "user", "content": f"{QUESTIONS[number % len(QUESTIONS)]} ({number})"}
        body = json.dumps({"model": self._model, "messages": [asked], "stream": self._stream}).encode()
        return (
            f"POST {self._path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer none\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body


def p50_p99_ms(seconds: list[float]) -> dict[str, float]:
    return {
        "p50": round(median(seconds) * 1000, 1),
        "p99": round(quantiles(seconds, n=100, method="inclusive")[-1] * 1000, 1),
    }


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="up to and with /v1")
    parser.add_argument("model")
    parser.add_argument("connections", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--stream", action="store_true")
    given = parser.parse_args()
    asker = Asker(given.url, given.model, stream=given.stream)
    began = time.perf_counter()
    await asyncio.gather(*(asker.ask_until(began + given.seconds) for _ in range(given.connections)))
    took = time.perf_counter() - began
    figures = {
        "requests": len(asker.took_s),
        "requests_per_s": round(len(asker.took_s) / took, 1),
        "took_ms": p50_p99_ms(asker.took_s),
    }
    if given.stream:
        figures["first_token_ms"] = p50_p99_ms(asker.first_token_s)
    print(json.dumps(figures))


if __name__ == "__main__":
    asyncio.run(main())
