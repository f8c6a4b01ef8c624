"""The web process itself, beside what it answers."""

import socket
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection

import httpx
import pytest

from mom.web.server import listen

RAISE_IT = """
import resource, sys
from mom.web.server import allow_many_open_files
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
allow_many_open_files()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such limit")
@pytest.mark.parametrize(
    ("limits", "raised"),
    [("1024 10000", "8192 10000"), ("1024 4000", "4000 4000"), ("9000 9000", "9000 9000")],
    ids=["a common one", "as far as it goes", "never lowered"],
)
def test_the_limit_of_open_files_is_raised_as_each_stream_is_one(limits, raised):
    done = subprocess.run([sys.executable, "-c", RAISE_IT, *limits.split()], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == raised


def test_connections_send_at_once():
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://127.0.0.1:8600/api/messages?words=x", "evil.example", 200),
        ("http://evil.example/api/chats", "127.0.0.1", 403),
    ],
)
def test_a_request_in_absolute_form_is_for_the_host_in_it(site, target, host, status):
    with closing(HTTPConnection("127.0.0.1", httpx.URL(site.url).port)) as connection:
        connection.request("GET", target, headers={"Host": host})
        assert connection.getresponse().status == status
