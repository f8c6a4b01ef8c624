"""Every failure MoM can name, drawn as one tree.

::

    MomError
    ├── InputError                what was asked cannot be done as asked; the asker can mend it
    │   ├── EmptyMessageError
    │   ├── MessageTooLongError
    │   ├── UnknownCommandError
    │   ├── AttachmentError       an attached picture that is no picture, or too large
    │   └── ParameterError        a field of a request is missing, misspelt or out of bounds
    │       └── NoSuchResponseError   the response that it goes on from is not kept
    ├── NotFoundError             no such thing, or not yours: the two are never told apart
    ├── ConflictError             the thing is not in a state in which this can be done
    ├── ForbiddenError            the request comes from where none may come from
    ├── BusyError                 a queue or a rate limit is full; carries `retry_after_s`
    ├── PartError                 one of the models failed; carries `part`
    │   ├── PartUnavailableError  nothing answers there, or it is still loading
    │   │   └── PartMissingError  nothing is set up that could play the part
    │   ├── PartTimeoutError      it answers too slowly
    │   ├── PartBrokenError       it ended in mid-answer, or answered what no such server answers
    │   ├── PartRefusedError      it understood the request and refused it: asked again, it would do so again
    │   │   └── RequestRefusedError   for what the asker wrote
    │   │       └── ContextFullError  the conversation is longer than the model's context
    │   └── StructureError        its answer does not have the structure that was asked for
    ├── SettingsError             the environment asks for something that cannot be
    ├── StorageError              the database or the disk cannot be read or written
    │   └── DatabaseError         of the two, the database: it may be back in a moment
    └── ServingError              a process of MoM's own cannot be run
        ├── PortInUseError
        ├── ModelFileError        a model's file is missing, corrupt or of another kind
        └── DownloadError

An error's message is one or two plain sentences, shown to people as they stand: what is the matter, and what to do.
HTTP status codes belong to the edges (`web/failures.py`), not here.
"""

from typing import ClassVar


class MomError(Exception):
    """Base of all failures that are shown to people. `code` is stable and machine-readable."""

    code: ClassVar[str] = "internal_error"
    type: ClassVar[str] = "server_error"

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param

    def as_json(self) -> dict[str, str | None]:
        """The error in OpenAI's shape, without its envelope."""
        return {"message": self.message, "type": self.type, "code": self.code, "param": self.param}


UNEXPECTED = MomError("MoM itself made a mistake. Try again; the log of its web process says what went wrong.")
"""What people are told of an exception that MoM has no name for."""


class InputError(MomError):
    code = "invalid_request"
    type = "invalid_request_error"


class EmptyMessageError(InputError):
    code = "empty_message"


class MessageTooLongError(InputError):
    code = "message_too_long"


class UnknownCommandError(InputError):
    code = "unknown_command"


class AttachmentError(InputError):
    code = "invalid_attachment"


class ParameterError(InputError):
    code = "invalid_parameter"


class NoSuchResponseError(ParameterError):
    code = "previous_response_not_found"  # OpenAI's: clients that read it send the whole conversation


class NotFoundError(MomError):
    code = "not_found"
    type = "invalid_request_error"


class ConflictError(MomError):
    code = "conflict"
    type = "invalid_request_error"


class ForbiddenError(MomError):
    code = "forbidden"
    type = "permission_error"


class BusyError(MomError):
    """A queue or rate limit is full; trying again after `retry_after_s` seconds may succeed."""

    code = "busy"
    type = "rate_limit_error"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PartError(MomError):
    """One of the models failed. `part` is `small_llm`, `large_llm`, `vision_llm` or `image_model`."""

    code = "part_failed"
    type = "model_error"

    def __init__(self, message: str, *, part: str) -> None:
        super().__init__(message)
        self.part = part


class PartUnavailableError(PartError):
    code = "part_unavailable"


class PartMissingError(PartUnavailableError):
    pass


class PartTimeoutError(PartError):
    code = "part_timeout"


class PartBrokenError(PartError):
    code = "part_broken"


class PartRefusedError(PartError):
    code = "part_refused"


class RequestRefusedError(PartRefusedError):
    pass


class ContextFullError(RequestRefusedError):
    code = "context_full"


class StructureError(PartError):
    code = "structure_broken"


class SettingsError(MomError):
    code = "invalid_settings"
    type = "configuration_error"


class StorageError(MomError):
    code = "storage_failed"
    type = "storage_error"


class DatabaseError(StorageError):
    pass


class ServingError(MomError):
    code = "serving_failed"
    type = "serving_error"


class PortInUseError(ServingError):
    code = "port_in_use"


class ModelFileError(ServingError):
    code = "model_file_invalid"


class DownloadError(ServingError):
    code = "download_failed"
