"""A small stand-in for the model hub: the requests that huggingface_hub makes, with ranges, checksums and faults."""

import contextlib
import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c" * 40


class Hub:
    """`files` of the one repository `owner/repo`; `cut_at` bytes a download breaks off, once; `lie` gives a wrong checksum."""

    def __init__(self, files):
        self.files = files
        self.cuts = 0  # how many answers break off in their middle
        self.busy = 0  # how many requests are told to come again later
        self.has_ranges = True
        self.tells_sizes = True  # beforehand, in the answer to HEAD
        self.lie = False
        self.downloads = 0  # how many times a file was asked for
        self.ranges = []
        self.tokens = set()
        self.slow = threading.Event()
        self.slow.set()

    def etag(self, name):
        return hashlib.sha256(b"lie" if self.lie else self.files[name]).hexdigest()


class Handler(BaseHTTPRequestHandler):
    hub = None

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, *, with_body):
        self.hub.tokens.add(self.headers.get("Authorization"))
        if self.hub.busy:
            self.hub.busy -= 1
            self.send(429, b"{}", {"Retry-After": "0"}, with_body)
            return
        path = self.path.split("?")[0]
        if path.startswith("/api/models/owner/repo"):
            self.send(200, json.dumps(self.listing()).encode(), {"Content-Type": "application/json"}, with_body)
        elif path.startswith(("/owner/repo/resolve/main/", f"/owner/repo/resolve/{COMMIT}/")):
            self.send_file(path.split("/", 5)[5], with_body)
        else:
            self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, with_body)

    def listing(self):
        siblings = [
            {
                "rfilename": n,
                "size": len(data),
                "lfs": {"sha256": self.hub.etag(n), "size": len(data), "pointerSize": 1},
            }
            for n, data in self.hub.files.items()
        ]
        return {"id": "owner/repo", "_id": "1", "sha": COMMIT, "siblings": siblings, "tags": [], "private": False}

    def send_file(self, name, with_body):
        if name not in self.hub.files:
            self.send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, with_body)
            return
        self.hub.downloads += with_body
        data, status = self.hub.files[name], 200
        headers = {"ETag": f'"{self.hub.etag(name)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if (asked := self.headers.get("Range")) and self.hub.has_ranges:
            start = int(asked.removeprefix("bytes=").split("-")[0])
            self.hub.ranges.append(start)
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            data, status = data[start:], 206
        self.send(status, data, headers, with_body)

    def send(self, status, data, headers, with_body):
        self.send_response(status)
        if with_body or self.hub.tells_sizes:
            headers = {**headers, "Content-Length": str(len(data))}
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        if with_body and data:
            half = len(data) // 2
            self.wfile.write(data[:half])
            self.wfile.flush()
            self.hub.slow.wait(60)
            if self.hub.cuts:
                self.hub.cuts -= 1
                self.close_connection = True
                return
            with contextlib.suppress(ConnectionError):  # the download was ended
                self.wfile.write(data[half:])


@contextmanager
def running_hub(files):
    hub = Hub(files)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"hub": hub}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        hub.slow.set()
        server.shutdown()
        server.server_close()
        thread.join()
