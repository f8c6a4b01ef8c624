"""The environment, read once and frozen. Only `cli` and `app` import this; everything else is handed values.

Every variable may stand in a `.env` file in the working directory; the process environment wins.
"""

import difflib
import logging
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, unquote, urlsplit

import platformdirs
from dotenv.parser import Binding, parse_stream
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mom.errors import SettingsError
from mom.mixture.classifier import ClassifierChoice
from mom.models.addresses import split_http_url
from mom.models.bert.options import BertOptions, head_in_use
from mom.models.parts import PartName
from mom.models.speculative import Speculative
from mom.web.base_url import BaseUrl

CLONE = Path(__file__).resolve().parents[2]
ENV_FILE = ".env"


def default_data_dir() -> Path:
    """`./data` of a clone, otherwise the platform's user data folder."""
    if (CLONE / ".git").exists() and (CLONE / "pyproject.toml").exists():
        return CLONE / "data"
    return Path(platformdirs.user_data_dir("mom"))


def _at_home(path: Path) -> Path:
    """With the home folder in place of `~`, which no shell has read in `.env`."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 -- Path's raises where there is no such user


def _read_base_url(value: object) -> object:
    return BaseUrl.parse(value) if isinstance(value, str) else value


def _check_url(value: str) -> str:
    try:
        split_http_url(value)
    except ValueError as error:
        raise ValueError(f"{error}; write it like http://HOST:PORT or https://HOST") from error
    return value


def _read_files_url(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = urlsplit(value)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or not parts.path:
        raise ValueError("it names no folder; write file:/an/absolute/path")
    return _at_home(Path(unquote(parts.path)))


class Container(StrEnum):
    """The one way to listen on more than loopback: in a container whose engine publishes the port on loopback alone."""

    PUBLISHED_ON_LOOPBACK = "published-on-loopback"


class Settings(BaseSettings):
    """One field per variable of `.env.example`; a test keeps the two the same."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True
    )

    host: str = Field(default="127.0.0.1", validation_alias="MOM_HOST")
    port: int = Field(default=8600, ge=0, le=65535, validation_alias="MOM_PORT")
    container: Container | None = Field(default=None, validation_alias="MOM_CONTAINER")
    base_url: Annotated[BaseUrl | None, NoDecode, BeforeValidator(_read_base_url)] = Field(
        default=None, validation_alias="MOM_BASE_URL"
    )
    data_dir: Annotated[Path, AfterValidator(_at_home)] = Field(
        default_factory=default_data_dir, validation_alias="MOM_DATA_DIR"
    )

    small_llm: str | None = Field(default=None, validation_alias="MOM_SMALL_LLM")
    large_llm: str | None = Field(default=None, validation_alias="MOM_LARGE_LLM")
    image_model: str | None = Field(default=None, validation_alias="MOM_IMAGE_MODEL")
    vision_llm: str | None = Field(default=None, validation_alias="MOM_VISION_LLM")
    api_key_small_llm: SecretStr | None = Field(default=None, validation_alias="MOM_API_KEY_SMALL_LLM")
    api_key_large_llm: SecretStr | None = Field(default=None, validation_alias="MOM_API_KEY_LARGE_LLM")
    api_key_image_model: SecretStr | None = Field(default=None, validation_alias="MOM_API_KEY_IMAGE_MODEL")
    api_key_vision_llm: SecretStr | None = Field(default=None, validation_alias="MOM_API_KEY_VISION_LLM")
    image_lora: str | None = Field(default=None, validation_alias="MOM_IMAGE_LORA")
    image_engine: str = Field(default="", validation_alias="MOM_IMAGE_ENGINE")
    llama_server: Annotated[Path, AfterValidator(_at_home)] | None = Field(
        default=None, validation_alias="MOM_LLAMA_SERVER"
    )
    ollama_url: Annotated[str, AfterValidator(_check_url)] = Field(
        default="http://127.0.0.1:11434", validation_alias="MOM_OLLAMA_URL"
    )

    classifier: ClassifierChoice = Field(default=ClassifierChoice.CASCADE, validation_alias="MOM_CLASSIFIER")
    classifier_deadline_ms: int = Field(default=1500, ge=1, le=60_000, validation_alias="MOM_CLASSIFIER_DEADLINE_MS")
    text_threshold: float | None = Field(default=None, ge=0, le=0.5, validation_alias="MOM_TEXT_THRESHOLD")
    image_threshold: float | None = Field(default=None, ge=0.5, le=1, validation_alias="MOM_IMAGE_THRESHOLD")
    speculative: Speculative = Field(default=Speculative.AUTO, validation_alias="MOM_SPECULATIVE")

    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    files_folder: Annotated[Path | None, BeforeValidator(_read_files_url)] = Field(
        default=None, validation_alias="MOM_FILES_URL"
    )
    keep_responses_days: int = Field(default=30, ge=0, le=36_500, validation_alias="MOM_KEEP_RESPONSES_DAYS")
    hub_endpoint: Annotated[str, AfterValidator(_check_url)] | None = Field(
        default=None, validation_alias="HF_ENDPOINT"
    )
    hub_token: SecretStr | None = Field(default=None, validation_alias="HF_TOKEN")

    @property
    def model_addresses(self) -> dict[PartName, str]:
        """The address of each part that is set, as it was written."""
        addresses = {part: getattr(self, part.value) for part in PartName}
        return {part: address for part, address in addresses.items() if address is not None}

    @property
    def model_api_keys(self) -> dict[PartName, str]:
        keys = {part: getattr(self, f"api_key_{part.value}") for part in PartName}
        return {part: key.get_secret_value() for part, key in keys.items() if key is not None}

    @property
    def trained_head(self) -> Path:
        """Where `mom train routing` puts its head; it is used in place of the shipped one."""
        return self.data_dir / "routing_head.npz"

    @property
    def bert_options(self) -> BertOptions:
        """How the `bert` stage decides in this installation."""
        return BertOptions(head_in_use(self.trained_head), self.text_threshold, self.image_threshold)

    @property
    def pictures_dir(self) -> Path:
        """The folder that `MOM_FILES_URL` names, or `pictures` in the data folder."""
        return self.data_dir / (self.files_folder or "pictures")

    @property
    def resolved_database_url(self) -> str:
        """`DATABASE_URL`, or SQLite in the data folder."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{quote(str(self.data_dir.resolve() / 'mom.sqlite3'))}"


def variable_names() -> frozenset[str]:
    """The names of all variables that MoM reads."""
    return frozenset(str(field.validation_alias) for field in Settings.model_fields.values())


def read_settings() -> tuple[Settings, list[str]]:
    """The settings, and a warning for each unknown `MOM_…` name and each line of `.env` that sets nothing. Raises `SettingsError`."""
    logging.getLogger("dotenv").setLevel(logging.ERROR)  # it tells of such lines as well, but not of which file
    try:
        settings = Settings()
        lines = _read_env_file()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"{name}={first['input']!r} does not fit: {first['msg'].removeprefix('Value error, ')}. See .env.example."
        ) from error
    except (UnicodeDecodeError, OSError) as error:
        raise SettingsError(
            f"The file .env cannot be read: {error}. Save it as UTF-8, and see that you may read it."
        ) from error
    present = set(os.environ) | {line.key for line in lines if line.key}
    unknown = [_name_warning(name) for name in sorted(present - variable_names()) if name.startswith("MOM_")]
    return settings, [*unknown, *(_line_warning(line.original.line) for line in lines if line.error)]


def _read_env_file() -> list[Binding]:
    path = Path(ENV_FILE)
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as file:
        return list(parse_stream(file))


def _line_warning(number: int) -> str:
    return f"Line {number} of .env is ignored: it is not NAME=value, or a quotation mark is not closed."


def _name_warning(name: str) -> str:
    near = difflib.get_close_matches(name, variable_names(), n=1)
    hint = f" Did you mean {near[0]}?" if near else " .env.example lists all names."
    return f"MoM does not know the setting {name} and ignores it.{hint}"
