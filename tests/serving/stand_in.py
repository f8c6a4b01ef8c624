"""A child program for tests: tied like every child, healthy at every path, and with a fault on demand.

It listens at `host` of its configuration, or at 127.0.0.1.
`fault` of the configuration: `crash` (at once), `refuse` (fails for good), `deaf` (never ready), `stubborn` (ignores SIGTERM).
A file at `crash_unless` heals a crashing one.
"""

import http.server
import os
import signal
import socket
import sys
from pathlib import Path

from mom.serving.tether import fail_for_good, read_config_and_tie


class Health(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        print("asked for its health", flush=True)
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def main():
    config = read_config_and_tie()
    fault = config.get("fault")
    print(f"stand-in {os.getpid()} has started", flush=True)
    if fault == "crash" and not Path(config.get("crash_unless", "/nowhere")).exists():
        sys.exit("the stand-in lost its mind")
    if fault == "refuse":
        fail_for_good("the stand-in does not want to")
    if fault == "deaf":
        Health.status = 503
    if fault == "stubborn":
        signal.signal(signal.SIGTERM, lambda *_: print("the stand-in stays", flush=True))
    host = config.get("host", "127.0.0.1")
    http.server.ThreadingHTTPServer.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
    http.server.ThreadingHTTPServer((host, config["port"]), Health).serve_forever()


if __name__ == "__main__":
    main()
