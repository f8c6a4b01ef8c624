"""Where speculation is allowed."""

import pytest

from mom.models.parts import Endpoint, Part, PartName, State
from mom.models.speculative import Speculative, speculation_pays

SMALL = "http://127.0.0.1:8090/v1"


def parts(small: str | None, large: str | None) -> dict[PartName, Part]:
    def part(name: PartName, url: str | None) -> Part:
        endpoint = Endpoint(url, "m") if url else None
        return Part(name, State.EXTERNAL if url else State.STARTING, "m", endpoint=endpoint)

    return {
        PartName.SMALL_LLM: part(PartName.SMALL_LLM, small),
        PartName.LARGE_LLM: part(PartName.LARGE_LLM, large),
    }


@pytest.mark.parametrize(
    ("large", "auto", "on"),
    [
        ("http://127.0.0.1:8091/v1", True, True),
        ("http://localhost:8091/v1", True, True),
        ("http://[::1]:8091/v1", True, True),
        ("https://api.example.com/v1", False, True),
        ("http://192.168.0.7:8091/v1", False, True),
        (SMALL, False, False),
        ("http://localhost:8090/v1", False, False),
        (None, False, False),
    ],
)
def test_auto_speculates_on_this_machine_and_nothing_on_one_server_that_plays_both(large, auto, on):
    assert speculation_pays(Speculative.AUTO, parts(SMALL, large)) is auto
    assert speculation_pays(Speculative.ON, parts(SMALL, large)) is on
    assert speculation_pays(Speculative.OFF, parts(SMALL, large)) is False


def test_two_models_of_one_hosted_service_may_work_at_once():
    hosted = parts("https://api.example.com/v1", "https://api.example.com/v1")
    assert speculation_pays(Speculative.ON, hosted) is True
    assert speculation_pays(Speculative.AUTO, hosted) is False


def test_without_a_small_llm_there_is_no_verdict_to_wait_for():
    assert speculation_pays(Speculative.ON, parts(None, SMALL)) is False
