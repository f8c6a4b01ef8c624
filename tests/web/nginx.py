"""A real nginx on a free port of loopback, set up with the very lines that the documentation gives."""

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mom.serving.child import free_port
from tests.chats.waiting import wait_for

DOCUMENTATION = Path(__file__).parents[2] / "docs/reverse-proxy.md"
PASSWORD = ("me", "secret")
CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {location}
    }}
}}
"""


def documented_location(*, path: str, upstream: str, password_file: Path) -> str:
    """The documentation's lines, with nothing changed but the path, the port and where the passwords are."""
    [block] = re.findall(r"```nginx\n(.+?)```", DOCUMENTATION.read_text(), re.DOTALL)
    for words, instead in {
        "location /mom/ ": f"location {path} ",
        "http://127.0.0.1:8600": upstream,
        "/etc/nginx/mom.htpasswd": str(password_file),
    }.items():
        assert block.count(words) == 1
        block = block.replace(words, instead)
    return block


@contextmanager
def running_nginx(
    folder: Path, *, path: str, upstream: str, without: str = "", port: int | None = None
) -> Iterator[str]:
    """The URL of an nginx that hands on what is under `path`; an `upstream` that ends in a slash gets it without the path.

    The documented line `without` is left out.
    """
    binary = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert binary, "nginx is missing: apt-get install nginx-light"
    folder.mkdir()
    password_file = folder / "htpasswd"
    password_file.write_text("{}:{{PLAIN}}{}\n".format(*PASSWORD))
    port = port or free_port()
    location = documented_location(path=path, upstream=upstream, password_file=password_file)
    assert without in location
    location = location.replace(without, "")
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port, location=location))
    for each in (folder, *folder.parents):  # its workers are nobody's, who has to get to the password file
        if os.access(each, os.W_OK) and each != Path("/") and not each.stat().st_mode & 0o001:
            each.chmod(each.stat().st_mode | 0o011)
    server = subprocess.Popen([binary, "-p", folder, "-c", configuration, "-e", folder / "error.log"])
    try:
        wait_for(lambda: server.poll() is not None or answers(port), "nginx to answer")
        assert server.poll() is None, (folder / "error.log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
