"""`mom serve` as a process, as people start and end it."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.processes import children_that_run
from tests.random_llm import write_random_llm
from tests.serving.waiting import has_ended, wait_until

PROGRAM = Path(__file__).with_name("serve_with_stand_in.py")
NOBODY = "http://127.0.0.1:9/v1#nobody"


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return f"file:{write_random_llm(tmp_path_factory.mktemp('models') / 'tiny.gguf')}"


@pytest.fixture
def serve(tmp_path):
    processes = []

    def serve(*command, **plan):
        plan = {"data_dir": str(tmp_path / "data"), "port": 0, "addresses": {"image_model": NOBODY}} | plan
        process = subprocess.Popen(
            [*command, sys.executable, str(PROGRAM), json.dumps(plan)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process

    yield serve
    for process in processes:
        with process:
            process.kill()


@pytest.fixture
def serve_llms(serve, model):
    """A `mom serve` with two LLMs that has printed its block, and the processes it runs."""

    def serve_llms(*command):
        process = serve(*command, addresses={"image_model": NOBODY, "small_llm": model, "large_llm": model})
        read_until(process, "Stop with Ctrl-C")
        children = wait_until(
            lambda: len(found := psutil.Process(process.pid).children()) == 3 and found, "three children"
        )
        return process, [child.pid for child in children]

    return serve_llms


def read_until(process, words):
    text = ""
    for line in process.stdout:
        text += line
        if words in line:
            return text
    raise AssertionError(f"it ended with: {text}")


def test_one_block_tells_the_address_the_parts_and_what_to_do_next(serve, model):
    process = serve(addresses={"image_model": NOBODY, "large_llm": model, "small_llm": "file:/nowhere.gguf"})
    block = read_until(process, "Stop with Ctrl-C")
    assert "MoM answers at http://127.0.0.1:" in block
    assert "large LLM    tiny                     ready\n" in block
    assert "There is no model file /nowhere.gguf." in block


def test_what_happens_later_is_one_line_each(serve, model, tmp_path):
    process = serve(addresses={"image_model": NOBODY, "small_llm": "same", "large_llm": model})
    read_until(process, "Stop with Ctrl-C")
    children_that_run("mom.serving.llama_child", process.pid)[0].kill()
    assert "large LLM" in read_until(process, "ready")


def test_unset_parts_are_played_by_the_demo_models_and_the_block_says_how_to_connect_real_ones(serve):
    process = serve()
    assert "MOM_LARGE_LLM=ollama:MODEL" in read_until(process, "Stop with Ctrl-C")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_children_and_leaves_with_0(serve_llms, number):
    process, children = serve_llms()
    process.send_signal(number)
    assert process.wait(60) == 0
    assert all(has_ended(pid) for pid in children)
    assert not process.stdout.read().strip()  # no traceback


def test_a_second_ctrl_c_waits_for_nobody(serve, model, tmp_path):
    process = serve(fault="stubborn", addresses={"image_model": NOBODY, "small_llm": NOBODY, "large_llm": model})
    read_until(process, "Stop with Ctrl-C")
    children = [child.pid for child in psutil.Process(process.pid).children()]
    process.send_signal(signal.SIGINT)
    log = tmp_path / "data" / "logs" / "web.log"
    wait_until(lambda: "the stand-in stays" in log.read_text(), "the first signal's effect")
    process.send_signal(signal.SIGINT)
    assert process.wait(4) == 0  # less than a stubborn child is waited for
    assert all(has_ended(pid) for pid in children)


def test_nohup_is_respected(serve_llms):
    process, children = serve_llms("nohup")
    process.send_signal(signal.SIGHUP)
    os.kill(children[0], signal.SIGKILL)
    wait_until(lambda: len(psutil.Process(process.pid).children()) == 3, "the child's return")
    assert process.poll() is None


def test_kill_9_leaves_no_process_behind(serve_llms):
    process, children = serve_llms()
    process.kill()
    wait_until(lambda: all(has_ended(pid) for pid in children), "the end of all children", deadline_s=10)


def test_a_web_process_that_cannot_run_ends_it_with_the_reason(serve, tmp_path):
    process = serve(fault="crash")
    said = process.stdout.read()
    assert process.wait(60) == 1
    assert said.startswith("The web process cannot run. It ended 2 times in a row (exit code 1).")
    assert "the stand-in lost its mind" in said
    assert f"{tmp_path}/data/logs/web.log" in said


def test_a_port_in_use_ends_it_before_anything_is_started(serve, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = serve(port=other.getsockname()[1])
        assert "is in use by" in process.stdout.read()
        assert process.wait(60) == 1
    assert not (tmp_path / "data").exists()
