"""From a model's address to the endpoint at which it is asked, for the models that others serve."""

import ipaddress
from urllib.parse import urlsplit

from mom.errors import SettingsError
from mom.models.addresses import AddressKind, ModelAddress, hide_password
from mom.models.parts import Endpoint


def endpoint_of(address: ModelAddress, *, api_key: str | None = None, ollama_url: str) -> Endpoint:
    """The endpoint of a `url` or `ollama` address; `Endpoint.model` is empty where the server is to be asked for it.

    Raises `SettingsError` for another address, and for a key that cannot stand in an HTTP header.
    """
    if api_key is not None and not (api_key.isascii() and api_key.isprintable()):
        raise SettingsError(
            f"The API key for {hide_password(str(address))} has a character in it that no key has. Copy it again."
        )
    match address.kind:
        case AddressKind.URL:
            has_path = urlsplit(address.target).path not in {"", "/"}
            base_url = address.target if has_path else f"{address.target}/v1"
            return Endpoint(base_url, address.model or "", api_key)
        case AddressKind.OLLAMA:
            return Endpoint(f"{ollama_url.rstrip('/')}/v1", address.target, api_key)
        case _:
            raise SettingsError(f"{address} has no address of its own: `mom serve` has to run it.")


def root_of(base_url: str) -> str:
    """Where a server's own, not OpenAI-shaped paths lie: the base URL without `/v1`."""
    return base_url.rstrip("/").removesuffix("/v1")


def is_loopback(endpoint: Endpoint) -> bool:
    """Does this machine serve it, so that nobody is paid for its tokens?"""
    host = urlsplit(endpoint.base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
