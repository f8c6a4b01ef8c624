"""The diffusers engine, asked directly by a program of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.image_server import DEADLINE_S, make_tiny_pipeline

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    model = make_tiny_pipeline(tmp_path_factory.getbasetemp() / "tiny-sd")
    program = Path(__file__).with_name("engine_probe.py")
    done = subprocess.run([sys.executable, program, model], stdout=subprocess.PIPE, check=True, timeout=DEADLINE_S)
    return json.loads(done.stdout)


def test_a_drawing_can_be_stopped_within_a_step_and_within_the_decoding(findings):
    assert findings["checks"]["within_first_step"] > 5
    assert findings["checks"]["while_decoding"] > 5
    assert findings["steps_before_stop"] == [[], [0], [0]]


def test_a_stopped_drawing_leaves_no_trace_in_the_next(findings):
    assert findings["same_after_stops"]


def test_the_fitted_preview_finds_a_linear_decoder_out(findings):
    assert findings["fit_error"] < 1e-4


def test_running_out_of_memory_is_known_by_its_words(findings):
    assert findings["knows_out_of_memory"]


def test_the_default_size_is_the_models(findings):
    assert findings["default_size"] == [64, 64]
