"""`mom web` as the supervisor starts it."""

import json
import subprocess
import sys

import pytest

from mom.serving.tether import DO_NOT_RESTART
from tests.cli.calling import mom, one_sentence


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MOM_FILES_URL", "s3://bucket/pictures", "names no folder"),
        ("DATABASE_URL", "mysql://somewhere", "begins with mysql"),
        ("MOM_PORT", "eighty", "does not fit"),
    ],
)
def test_settings_that_cannot_be_are_told_at_once_and_not_tried_again(environment, name, value, words):
    environment.setenv(name, value)
    config = {"control_url": "http://127.0.0.1:9", "control_token": "x", "host": "127.0.0.1", "port": 0}
    with subprocess.Popen(
        [sys.executable, "-m", "mom", "web"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as web:
        web.stdin.write(json.dumps(config) + "\n")
        web.stdin.flush()
        assert web.wait(60) == DO_NOT_RESTART
        assert words in json.loads(web.stderr.read().splitlines()[-1])["error"]


@pytest.mark.skipif(sys.platform == "win32", reason="there the port alone tells")
def test_nothing_is_restored_under_a_mom_that_runs_at_another_port(environment, tmp_path):
    environment.setenv("MOM_PORT", "0")
    with subprocess.Popen(
        [sys.executable, "-m", "mom", "web", "--standalone"], stdout=subprocess.PIPE, text=True
    ) as web:
        assert "answers at" in web.stdout.readline()
        environment.setenv("MOM_PORT", "1")
        refused = mom("restore", "mom.tar.gz", "--yes")
        web.terminate()
    assert (refused.exit_code, "A MoM is running with the data in" in one_sentence(refused)) == (1, True)
    assert "There is no file" in one_sentence(mom("restore", "mom.tar.gz", "--yes"))
