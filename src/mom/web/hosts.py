"""Reads the `Host` of a request: whose name is it?"""

import ipaddress
from urllib.parse import urlsplit


def host_name(host: str) -> str:
    """The name in a `Host` header, without port and brackets, in lower case; empty where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """Is `name`, a host without port, this machine and nobody else's?"""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
