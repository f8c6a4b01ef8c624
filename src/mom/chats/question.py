"""What may be asked: checked before anything is stored."""

from mom.errors import EmptyMessageError, MessageTooLongError, ParameterError
from mom.mixture.paths import read_command
from mom.mixture.ports import MAX_SEED

MAX_MESSAGE_BYTES = 100_000
MAX_CLIENT_ID_CHARS = 200


def check_question(content: str, *, has_attachments: bool, client_id: str | None, seed: int | None) -> None:
    """Raises the `InputError` that says what to mend."""
    if not content.strip() and not has_attachments:
        raise EmptyMessageError("Write a message first.", param="content")
    try:
        size = len(content.encode())
    except UnicodeEncodeError as error:
        raise ParameterError("The message holds half of a character. Write it again.", param="content") from error
    if size > MAX_MESSAGE_BYTES:
        raise MessageTooLongError(
            f"The message has {size} bytes; at most {MAX_MESSAGE_BYTES} can be sent at once. Shorten or divide it.",
            param="content",
        )
    if "\0" in content:
        raise ParameterError("The message holds a NUL character, which cannot be stored.", param="content")
    if client_id is not None and not (0 < len(client_id) <= MAX_CLIENT_ID_CHARS and client_id.isprintable()):
        raise ParameterError(f"client_id must have 1 to {MAX_CLIENT_ID_CHARS} printable characters.", param="client_id")
    if seed is not None and not 0 <= seed <= MAX_SEED:
        raise ParameterError(f"seed must be from 0 to {MAX_SEED}.", param="seed")
    read_command(content)
