"""A model of another server is chosen while the supervisor runs: tried before it plays, asked with its key, and with it again later."""

import json

import pytest
from starlette.responses import JSONResponse

from mom.errors import PartUnavailableError
from mom.models.parts import PartName, State
from mom.serving.supervisor import Supervisor
from tests.llama import running_llama
from tests.models.fake_servers import STOP, chunk, refused, running, sse
from tests.serving.supervising import LARGE, NOBODY, NOBODY_ANSWERS, until_part
from tests.serving.waiting import until

VISION = PartName.VISION_LLM
CHAT, LIST = "/v1/chat/completions", "/v1/models"
ANSWER = sse(chunk("Red"), STOP)
CHANGE = 'under "Change" on the page, or set MOM_API_KEY_LARGE_LLM and start MoM again.'


@pytest.fixture(scope="module")
def llama(models):
    """A llama.cpp server that asks for a key."""
    with running_llama(models[1], context_tokens=256, model="theirs") as server:
        yield server


def kept_in(tmp_path):
    return json.loads((tmp_path / "chosen_models.json").read_text())


async def why_not(supervisor: Supervisor, part: PartName, model: str) -> str:
    """Why that model could not take over."""
    begin = f"{model} could not take over: "
    await until(
        lambda: supervisor.board.parts[part].detail.startswith(begin), f"the reason, not {supervisor.board.parts[part]}"
    )
    return supervisor.board.parts[part].detail.removeprefix(begin)


async def test_a_server_that_asks_for_a_key_is_asked_with_it_now_and_after_a_restart(
    supervised, models, llama, tmp_path
):
    address = f"{llama.root}/v1#theirs"
    for is_first_start in (True, False):
        async with supervised(large_llm=f"file:{models[0]}") as supervisor:
            if is_first_start:
                await until_part(supervisor, LARGE, State.READY)
                supervisor.swap(LARGE, address, llama.api_key)
            part = await until_part(supervisor, LARGE, State.EXTERNAL, model="theirs", chosen=True, address=address)
            assert (part.answers, part.detail, part.endpoint.api_key) == (True, "", llama.api_key)
            assert llama.api_key not in json.dumps(part.as_page_json())
            assert llama.api_key not in repr(part)
            assert llama.api_key not in json.dumps(await supervisor.choices(LARGE))
    assert (tmp_path / "chosen_models.json").stat().st_mode & 0o077 == 0
    assert kept_in(tmp_path)[LARGE]["api_key"] == llama.api_key


@pytest.mark.parametrize(
    ("path", "key", "reason"),
    [
        ("/v1", "sk-wrong", f"refuses the key: give another {CHANGE}"),
        ("/v1", None, f"wants a key: give one {CHANGE}"),
        ("/api", "its own", "Does its address end in /v1?"),
    ],
)
async def test_a_server_that_would_not_answer_replaces_nothing(supervised, models, llama, path, key, reason):
    async with supervised(large_llm=f"file:{models[0]}") as supervisor:
        before = await until_part(supervisor, LARGE, State.READY)
        supervisor.swap(LARGE, f"{llama.root}{path}#theirs", llama.api_key if key == "its own" else key)
        assert (await why_not(supervisor, LARGE, "theirs")).endswith(reason)
        part = supervisor.board.parts[LARGE]
        assert (part.endpoint, part.chosen, part.changing) == (before.endpoint, False, False)
        assert "sk-wrong" not in part.detail


@pytest.mark.parametrize(
    ("refusal", "key", "reason"),
    [
        (
            refused(404, "The model 'typo' does not exist", code="model_not_found"),
            None,
            'otherwise correct the model\'s name under "Change" on the page, or in MOM_LARGE_LLM.',
        ),
        (refused(401, "You sent sk-wrong."), "sk-wrong", f"does not accept its key: give another {CHANGE}"),
    ],
    ids=["model", "key"],
)
async def test_what_a_list_of_models_does_not_tell_is_found_out_by_asking(supervised, models, refusal, key, reason):
    with running({LIST: [JSONResponse({"data": [{"id": "one"}]})], CHAT: [refusal]}) as server:
        async with supervised(large_llm=f"file:{models[0]}") as supervisor:
            await until_part(supervisor, LARGE, State.READY)
            supervisor.swap(LARGE, f"{server.root}/v1#typo", key)
            assert (await why_not(supervisor, LARGE, "typo")).endswith(reason)


async def test_a_key_is_kept_for_the_same_server_and_told_to_no_other(supervised, tmp_path):
    with running({CHAT: [ANSWER]}) as one, running({CHAT: [ANSWER]}) as other:
        async with supervised(large_llm=f"{other.root}/v1#set", api_keys={LARGE: "sk-set"}) as supervisor:
            await until_part(supervisor, LARGE, State.EXTERNAL, answers=True)
            keys = []
            for address, key in [
                (f"{one.root}/v1#a", "sk-one"),
                (f"{one.root}/v1#b", None),
                (f"{other.root}/v1#c", None),
                (f"{one.root}/v1#d", None),
                (f"{one.root}/v1#e", "sk-one"),
                (f"{one.root}/v1#f", ""),
                (f"{other.root}/v1#g", "sk-other"),
                (f"{other.root}/v1#h", ""),
            ]:
                supervisor.swap(LARGE, address, key)
                part = await until_part(supervisor, LARGE, State.EXTERNAL, address=address, chosen=True)
                kept = kept_in(tmp_path)[LARGE].get("api_key")
                keys.append((part.endpoint.api_key, kept))
                assert (await supervisor.choices(LARGE))["has_key"] == (kept is not None)
    # What the settings say stays there: a new key in them is taken up. An empty key has the one that was given forgotten.
    assert keys == [
        ("sk-one", "sk-one"), ("sk-one", "sk-one"), ("sk-set", None), (None, None),
        ("sk-one", "sk-one"), (None, None), ("sk-other", "sk-other"), ("sk-set", None),
    ]  # fmt: skip


async def test_a_vision_llm_is_set_up_changed_and_left_out_again(supervised):
    with running({CHAT: [ANSWER]}) as server:
        async with supervised() as supervisor:
            nobody = await until_part(supervisor, VISION, State.NONE, model="", address="", chosen=False)
            supervisor.swap(VISION, f"{server.root}/v1#seer", None)
            await until_part(supervisor, VISION, State.EXTERNAL, model="seer", chosen=True)
            [asked] = server.bodies(CHAT)
            assert asked["messages"][0]["content"][-1]["image_url"]["url"].startswith("data:image/png;base64,")
        async with supervised() as supervisor:
            await until_part(supervisor, VISION, State.EXTERNAL, model="seer", chosen=True)
            supervisor.reset(VISION)
            assert await until_part(supervisor, VISION, State.NONE) == nobody
        async with supervised() as supervisor:
            assert await until_part(supervisor, VISION, State.NONE) == nobody


async def test_a_model_that_cannot_see_is_no_vision_llm(supervised, llama):
    async with supervised() as supervisor:
        nobody = await until_part(supervisor, VISION, State.NONE)
        supervisor.swap(VISION, f"{llama.root}/v1#theirs", llama.api_key)
        assert "image input is not supported" in await why_not(supervisor, VISION, "theirs")
        supervisor.swap(VISION, NOBODY, None)
        assert await why_not(supervisor, VISION, "nobody") == NOBODY_ANSWERS
        part = supervisor.board.parts[VISION]
        assert (part.state, part.endpoint, part.changing) == (nobody.state, None, False)


async def test_a_vision_llm_that_was_chosen_before_is_awaited_and_can_be_given_up(supervised, tmp_path):
    (tmp_path / "chosen_models.json").write_text(json.dumps({VISION: {"address": NOBODY, "instead_of": None}}))
    async with supervised() as supervisor:
        detail = f"nobody, chosen before, will take over: {NOBODY_ANSWERS}"
        part = await until_part(supervisor, VISION, State.NONE, detail=detail, changing=True)
        assert part.endpoint is None
        supervisor.cancel(VISION)
        assert kept_in(tmp_path) == {}


async def test_the_models_of_a_server_are_listed(supervised, llama):
    listed = {"data": [{"id": "b"}, {"id": "a"}]}
    with running({LIST: [refused(401, "no key")], "/free/models": [JSONResponse(listed)]}) as server:
        async with supervised() as supervisor:
            assert await supervisor.models_at(LARGE, llama.root, llama.api_key) == ["theirs"]
            assert await supervisor.models_at(LARGE, f"{server.root}/free", None) == ["a", "b"]
            assert await supervisor.models_at(LARGE, f"{server.root}/none", None) == []
            assert await supervisor.models_at(LARGE, "ollama:qwen3", None) == []
            with pytest.raises(PartUnavailableError, match="wants a key: give one under"):
                await supervisor.models_at(LARGE, f"{server.root}/v1", None)
            with pytest.raises(PartUnavailableError, match="refuses the key: give another under"):
                await supervisor.models_at(LARGE, server.root, "sk-wrong")
            with pytest.raises(PartUnavailableError, match="Nothing answers"):
                await supervisor.models_at(LARGE, NOBODY, None)
