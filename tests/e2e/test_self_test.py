"""The self-test in a running MoM: a small LLM that knows nothing is found out, and the page is told."""

from tests.e2e.running_mom import running_mom, wait_until
from tests.llama import running_llama
from tests.random_llm import SHAPES, write_random_llm


def ended_self_test(parts):
    """What the part says, once it is no more that it is being started."""
    part = parts.get("small_llm", {})
    return part.get("state") != "starting" and part.get("detail")


def test_a_small_llm_of_random_weights_is_bypassed_and_its_part_says_why(tmp_path):
    model = write_random_llm(tmp_path / "tiny.gguf", SHAPES["tiny"])
    with running_llama(model, context_tokens=4096) as small_llm:
        settings = {
            "MOM_SMALL_LLM": f"{small_llm.root}/v1#random",
            "MOM_API_KEY_SMALL_LLM": small_llm.api_key,
            "MOM_LARGE_LLM": "http://127.0.0.1:9/v1#none",
            "MOM_IMAGE_MODEL": "http://127.0.0.1:9/v1#none",
        }
        with running_mom(tmp_path, **settings) as mom:
            detail = wait_until(lambda: ended_self_test(mom.parts()), "the self-test has ended")
            body = {"messages": [{"role": "user", "content": "a fox"}]}
            verdict = mom.http.post("/v1/classify", json=body).json()
    assert detail.startswith("It is not asked: of ")
    assert verdict["decided_by"] != "small_llm"
