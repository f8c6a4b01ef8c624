import asyncio
import os

import pytest

from mom.serving import reloading
from mom.serving.reloading import wait_for_edit


@pytest.mark.parametrize("edit", ["change", "add", "remove"])
async def test_an_edit_is_noticed(tmp_path, monkeypatch, edit):
    monkeypatch.setattr(reloading, "POLL_S", 0.01)
    file = tmp_path / "one.py"
    file.write_text("1")
    (tmp_path / "notes.txt").write_text("not watched")
    waiting = asyncio.create_task(wait_for_edit(tmp_path))
    await asyncio.sleep(0)
    (tmp_path / "notes.txt").unlink()
    match edit:
        case "change":
            os.utime(file, (1, 1))
        case "add":
            (tmp_path / "two.html").write_text("2")
        case "remove":
            file.unlink()
    await asyncio.wait_for(waiting, 30)
