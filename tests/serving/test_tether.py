"""A child ends with the pipe on its stdin. (On Linux PDEATHSIG stands beside it; here the parent lives on.)"""

import json
import subprocess
import sys

import pytest

from mom.serving.tether import DO_NOT_RESTART

CHILD = """
import threading
from mom.serving.tether import read_config_and_tie
config = read_config_and_tie(before_exit=lambda: print("ending", flush=True))
print(config["word"], flush=True)
threading.Event().wait()
"""


@pytest.fixture
def start():
    children = []

    def start(code):
        child = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        children.append(child)
        return child

    yield start
    for child in children:
        with child:
            child.kill()


def test_a_child_gets_its_configuration_and_ends_when_stdin_does(start):
    child = start(CHILD)
    child.stdin.write(json.dumps({"word": "hello"}).encode() + b"\n")
    child.stdin.flush()
    assert child.stdout.readline() == b"hello\n"
    child.stdin.close()
    assert child.wait(30) == 0
    assert child.stdout.readline() == b"ending\n"


def test_a_child_that_never_gets_a_configuration_ends(start):
    child = start(CHILD)
    child.stdin.close()
    assert child.wait(30) == 0
    assert child.stdout.read() == b""


def test_a_child_that_spins_in_python_still_ends_with_its_stdin(start):
    child = start(
        "from mom.serving.tether import read_config_and_tie\nread_config_and_tie()\nprint(flush=True)\nwhile True: pass"
    )
    child.stdin.write(b"{}\n")
    child.stdin.flush()
    child.stdout.readline()
    child.stdin.close()
    assert child.wait(30) == 0


def test_failing_for_good_says_one_sentence_and_a_code_of_its_own(start):
    child = start("from mom.serving.tether import fail_for_good\nfail_for_good('no such thing')")
    assert child.wait(30) == DO_NOT_RESTART
    assert json.loads(child.stderr.read()) == {"error": "no such thing"}
