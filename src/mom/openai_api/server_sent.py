"""JSON as server-sent events."""

import json

# To many a client's reader of lines (httpx's, for one) these end a line, which would cut the JSON up.
_LINE_ENDS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\x85\u2028\u2029"}


def data_line(value: object) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS)}\n\n".encode()


def event_lines(kind: str, value: object) -> bytes:
    return f"event: {kind}\n".encode() + data_line(value)
