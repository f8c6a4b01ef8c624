"""The process that reads one PDF: the file on stdin, what became of it as JSON on stdout. It bounds itself.

`python -m mom.chats.pdf_child BYTES` gives the text only where it has at most so many bytes in UTF-8.
"""

import io
import json
import re
import sys
import unicodedata
from contextlib import suppress

from pypdf import PasswordType, PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError

from mom.chats.pdf_outcome import Outcome

MEMORY_BYTES = 2**29  # of address space; a PDF of 20 MB that is not made to take more has 150 MB of it
PROCESSOR_S = 30  # should nobody be left to end it
CONTROL = re.compile(r"[^\S\n\t ]|[\x00-\x08\x0e-\x1f\x7f]")
DRAWN_AS_ONE = re.compile("[\ufb00-\ufdff\ufe70-\ufefe]")  # ligatures, and Arabic letters by their shapes


def read_text(data: bytes, most_bytes: int) -> tuple[Outcome, str]:
    """What became of the PDF, and its text, the pages as paragraphs."""
    try:
        reader = PdfReader(io.BytesIO(data))
        # Where only printing or copying is forbidden, the password to read is empty.
        if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
            return Outcome.LOCKED, ""
        pages, size = [], 0
        for page in reader.pages:
            pages.append(_plain(page.extract_text()))
            size += len(pages[-1].encode())
            if size > most_bytes:
                return Outcome.TOO_LONG, ""
    except (DependencyError, FileNotDecryptedError):  # a cipher that is not read
        return Outcome.LOCKED, ""
    except (LimitReachedError, MemoryError):
        return Outcome.TOO_MUCH_WORK, ""
    except Exception as error:  # noqa: BLE001 -- a damaged file is noticed in any way
        return Outcome.DAMAGED, repr(error)
    text = "\n\n".join(filter(None, pages))
    return (Outcome.READ, text) if text else (Outcome.WORDLESS, "")


def _plain(text: str) -> str:
    """In the characters that people write: whole (a PDF may have one in two halves), and none that is only drawn, or means nothing."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    written = DRAWN_AS_ONE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), whole)
    return CONTROL.sub(" ", written.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _bound_this_process() -> None:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 -- not on Windows

    for kind, bound in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, PROCESSOR_S)):
        _, most = resource.getrlimit(kind)
        with suppress(ValueError, OSError):  # macOS lets the address space be unbounded only
            resource.setrlimit(kind, (bound if most == resource.RLIM_INFINITY else min(bound, most), most))


def main() -> None:
    _bound_this_process()
    outcome, text = read_text(sys.stdin.buffer.read(), int(sys.argv[1]))
    json.dump({"outcome": outcome, "text": text}, sys.stdout)


if __name__ == "__main__":
    main()
