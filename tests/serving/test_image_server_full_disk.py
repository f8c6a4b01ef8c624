"""The image server on a machine without any room on its disk: it needs none, and lives without its log."""

from contextlib import ExitStack

import pytest

from tests.full_disk import no_file_beyond, noise
from tests.image_server import QUICK, SLOW, running_image_server

pytestmark = pytest.mark.torch

ROOM = 16  # bytes a file: Python tries a folder for temporary files with four of them


def test_it_draws_and_takes_large_pictures_where_nothing_can_be_written(tiny_pipeline, tmp_path):
    with ExitStack() as running:
        with no_file_beyond(ROOM):  # the server is born with the limit and keeps it
            server = running.enter_context(running_image_server(tiny_pipeline, tmp_path))
        server.wait_until_ready()
        fields, files = {"prompt": "at night", "steps": "1"}, {"image": ("fox.png", noise(512))}
        edited = server.client.post("/v1/images/edits", data=fields, files=files)
        assert (edited.status_code, edited.json().get("error")) == (200, None)
        with server.client.stream("POST", "/v1/images/generations", json={**SLOW, "stream": True}):
            server.wait_until_drawing()
        server.wait_until_idle()  # it has tried to say so in its log
        assert server.generate(**QUICK).status_code == 200
        assert len(server.log()) <= ROOM
