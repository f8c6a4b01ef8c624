"""`python -m benchmarks.image.sink`: refuses whatever it is sent and does nothing else, so that what remains is its sender's cost.

It says its port in its first line and serves until its standard input ends.
"""

import socketserver
import sys
import threading
from contextlib import suppress

REFUSAL = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
LENGTH = b"content-length: "


class Refusing(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with suppress(ConnectionError):  # the sender may leave amid an answer
            self._refuse_all()

    def _refuse_all(self) -> None:
        length = 0
        while line := self.rfile.readline():
            if line.startswith(LENGTH):
                length = int(line[len(LENGTH) :])
            elif line == b"\r\n":
                self.rfile.read(length)
                self.wfile.write(REFUSAL)


def main() -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
