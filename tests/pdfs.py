"""Small PDFs, written by hand: what attached ones are like, and what some are made to be."""

import io
import zlib
from collections.abc import Sequence
from functools import cache

from pypdf import PdfReader, PdfWriter

from tests.processes import children_that_run

FONT = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /Any /Encoding /Identity-H /DescendantFonts [4 0 R] /ToUnicode 5 0 R >>",
    b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Any /DW 600 /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>",
)


def pdf_of(*pages: str) -> bytes:
    """A PDF with a line of each page's words; its font has a character's UTF-16 as its code."""
    return _pdf([_shown(words) for words in pages], "".join(pages))


def pdf_of_a_scan() -> bytes:
    """A page with a drawing on it, and no words."""
    return _pdf([b"0 0 100 100 re f"], "")


def locked(pdf: bytes, password: str) -> bytes:
    """The PDF encrypted; with an empty password only its owner's is needed."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    writer.encrypt(password, "owner", algorithm="RC4-128")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def pdf_of_much_work() -> bytes:
    """A page that takes seconds to be read, more work than which a library for PDFs would refuse to do."""
    word = _shown("word ") + b"\n"
    return _pdf([word * (10_000_000 // len(word))], "word ")


def pdf_that_unfolds(pages: int) -> bytes:
    """A PDF whose pages unfold to 70 MB each, none of which is more than a library for PDFs allows."""
    return _pdf([b"%" + b"x" * 70_000_000] * pages, "")


def pdf_readers() -> set[int]:
    """The ids of the processes that read PDFs for this one."""
    return {child.pid for child in children_that_run("mom.chats.pdf_child")}


def _shown(words: str) -> bytes:
    return f"BT /F 12 Tf 72 720 Td <{words.encode('utf-16-be').hex()}> Tj ET".encode()


def _pdf(contents: Sequence[bytes], letters: str) -> bytes:
    codes = [f"<{letter.encode('utf-16-be').hex()}>" for letter in sorted(set(letters))]
    lines = "\n".join(f"{code} {code}" for code in codes)
    cmap = f"1 begincodespacerange <0000> <ffff> endcodespacerange\n{len(codes)} beginbfchar\n{lines}\nendbfchar"
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} /MediaBox [0 0 595 842] /Resources << /Font << /F 3 0 R >> >> >>".encode(),
        *FONT,
        _stream(cmap.encode()),
    ]
    for content in contents:
        objects.append(f"<< /Type /Page /Parent 2 0 R /Contents {len(objects) + 2} 0 R >>".encode())
        objects.append(_stream(content))
    file = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    file += b"".join(b"%010d 00000 n \n" % place for place in places)
    file += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(file)


@cache
def _stream(data: bytes) -> bytes:
    packed = zlib.compress(data)
    return b"<< /Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream" % (len(packed), packed)
