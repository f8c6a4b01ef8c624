"""Routing data: what can be read, and how everything else is named with its line."""

import json

import pytest

from mom.errors import ParameterError, StorageError
from mom.evaluation.routing_data import read_routing_data
from mom.mixture.verdict import Need

GOOD = {
    "messages": [{"role": "user", "content": "a fox"}],
    "route": "image",
    "source": "hand",
    "kind": "bare",
    "lang": "en",
}


def write(path, *rows):
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    path.write_bytes(b"\n".join(lines))
    return path


def test_an_assistants_picture_is_a_drawing(tmp_path):
    messages = [
        {"role": "user", "content": "a boat"},
        {"role": "assistant", "content": "[image] a red boat"},
        {"role": "user", "content": "make it bluer"},
    ]
    (example,) = read_routing_data([write(tmp_path / "a.jsonl", {**GOOD, "messages": messages})])
    assert example.conversation.last_drawing.prompt == "a red boat"
    assert example.conversation.earlier[1].as_words == "[image] a red boat"
    assert (example.route, example.slices) == (Need.IMAGE, {"kind": "bare", "source": "hand", "lang": "en"})


def test_several_files_are_read_in_their_order_and_blank_lines_passed_over(tmp_path):
    first = write(tmp_path / "a.jsonl", GOOD, b"", b"  \r")
    second = write(tmp_path / "b.jsonl", {"messages": GOOD["messages"], "route": "text"})
    assert [example.route.value for example in read_routing_data([first, second])] == ["image", "text"]


def test_a_file_as_windows_writes_it_is_read(tmp_path):
    path = write(tmp_path / "a.jsonl", GOOD, GOOD)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(read_routing_data([path])) == 2


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (b"{", "not JSON"),
        (b'{"route": "\xff"}', "not UTF-8 at byte 12"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "not a JSON object"),
        ({**GOOD, "route": "video"}, "not 'video'"),
        ({**GOOD, "route": None}, "not None"),
        ({**GOOD, "route": ["text"]}, r"not \['text'\]"),
        ({**GOOD, "messages": []}, "no list of messages"),
        ({**GOOD, "messages": ["a fox"]}, "'role'"),
        ({**GOOD, "messages": [{"role": "tool", "content": "x"}]}, "'role'"),
        ({**GOOD, "messages": [{"role": [], "content": "x"}]}, "'role'"),
        ({**GOOD, "messages": [{"role": "user", "content": " "}]}, "not empty"),
        ({**GOOD, "messages": [{"role": "assistant", "content": "x"}]}, "the user's"),
        ({**GOOD, "messages": [{"role": "user", "content": "\ud800"}]}, "half of a character"),
        ({**GOOD, "kind": 3}, "'kind' is no word"),
        ({**GOOD, "kind": "x\ud800"}, "'kind' holds half of a character"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_with_file_and_line(tmp_path, row, complaint):
    path = write(tmp_path / "bad.jsonl", GOOD, row)
    with pytest.raises(ParameterError, match=f"bad.jsonl, line 2: .*{complaint}"):
        read_routing_data([path])


def test_an_empty_set_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="no conversation"):
        read_routing_data([write(tmp_path / "empty.jsonl", b"\n")])


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StorageError, match=r"absent\.jsonl cannot be read: No such file"):
        read_routing_data([tmp_path / "absent.jsonl"])
