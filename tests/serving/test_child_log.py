import pytest

from mom.serving import child_log
from mom.serving.child_log import ChildLog


@pytest.fixture
def log(tmp_path):
    log = ChildLog(tmp_path / "child.log")
    yield log
    log.close()


def test_lines_are_written_whole_however_they_arrive(log, tmp_path):
    log.feed(b"one\ntw")
    log.feed(b"o\nthree")
    assert list(log.tail) == ["one", "two"]
    log.close()
    assert list(log.tail) == ["one", "two", "three"]
    assert [line.split(" ", 2)[2] for line in (tmp_path / "child.log").read_text().splitlines()] == [
        "one",
        "two",
        "three",
    ]


def test_endless_lines_and_odd_bytes_do_no_harm(log):
    for _ in range(100):
        log.feed(b"x" * 10_000)
    log.feed(b"\n\xff\xfe%s\n")
    assert len(log.tail[0]) == child_log.LINE_BYTES
    assert log.tail[1] == "\ufffd\ufffd%s"


def test_the_file_is_rotated(log, tmp_path, monkeypatch):
    monkeypatch.setattr(log._handler, "maxBytes", 1_000)
    for _ in range(100):
        log.feed(b"x" * 100 + b"\n")
    assert {path.name for path in tmp_path.iterdir()} == {"child.log", "child.log.1", "child.log.2", "child.log.3"}


def test_a_log_that_cannot_be_written_is_said_once_and_the_tail_goes_on(tmp_path, capfd):
    (tmp_path / "folder").write_text("in the way")
    log = ChildLog(tmp_path / "folder" / "child.log")
    log.feed(b"one\ntwo\n")
    assert list(log.tail) == ["one", "two"]
    assert capfd.readouterr().err.count("cannot be written") == 1
