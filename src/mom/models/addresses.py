"""Model addresses: the one line in which a person says which model plays a part.

`demo` · `file:models/x.gguf` · `hf:owner/repo/file.gguf` · `ollama:llama3.2:1b` · `http://host:8090/v1#name` · `same`
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit, urlunsplit

from mom.errors import SettingsError

URL_EXAMPLE = "http://127.0.0.1:8080/v1#model-name"
FORMS = "demo, file:PATH, hf:OWNER/REPO/FILE, ollama:MODEL, http://HOST:PORT/v1#MODEL or same"


class AddressKind(StrEnum):
    DEMO = "demo"
    FILE = "file"
    HUB = "hf"
    OLLAMA = "ollama"
    URL = "url"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class ModelAddress:
    """`target` is a path (file), `owner/repo[/file]` (hf), a model's name (ollama) or a base URL (url);
    `model` is the name to send to a URL, or None where its server serves a single model.
    """

    kind: AddressKind
    target: str = ""
    model: str | None = None

    def __str__(self) -> str:
        match self.kind:
            case AddressKind.DEMO | AddressKind.SAME:
                return self.kind.value
            case AddressKind.URL:
                return self.target + (f"#{self.model}" if self.model else "")
            case _:
                return f"{self.kind.value}:{self.target}"


def parse_address(text: str, *, name: str = "the model address") -> ModelAddress:
    """Read an address; `name` (such as `MOM_LARGE_LLM`) stands in the `SettingsError` that a wrong one raises."""
    text = text.strip()
    scheme, _, rest = text.partition(":")
    if text in {"demo", "same"}:
        return ModelAddress(AddressKind(text))
    if scheme in {"http", "https"}:
        try:
            parts = split_http_url(text)
        except ValueError as error:
            raise SettingsError(f"{name} is not a URL: {error}. Write it like {URL_EXAMPLE}.") from error
        if parts.query:  # the paths that are asked for are written behind the address
            raise SettingsError(f"{name} has a ? in it, which no such address can have. Write it like {URL_EXAMPLE}.")
        base_url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        return ModelAddress(AddressKind.URL, base_url, parts.fragment or None)
    if scheme in {"file", "ollama"} and rest:
        return ModelAddress(AddressKind(scheme), rest)
    if scheme == "hf" and rest.count("/") >= 1 and not {"", ".", ".."} & set(rest.split("/")):
        return ModelAddress(AddressKind.HUB, rest)
    raise SettingsError(f"{name}={text!r} is not a model address. Write {FORMS}.")


def split_http_url(text: str) -> SplitResult:
    """Raises `ValueError`, with what is amiss, where this is not the URL of a web server."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"}:
        raise ValueError("it begins with neither http:// nor https://")
    if not parts.hostname:
        raise ValueError("it has no host")
    _ = parts.port  # reading it raises where it is no port
    return parts


def hide_password(url: str) -> str:
    """The URL as it may be shown: a password in it is replaced by `***`."""
    return re.sub(r"(://[^/?#@:]*):[^/?#]*@", r"\1:***@", url)
