"""What the supervisor's parts come to, for tests that run one."""

import httpx

from mom.models.parts import PartName
from tests.serving.waiting import until

LARGE, SMALL, IMAGE = PartName.LARGE_LLM, PartName.SMALL_LLM, PartName.IMAGE_MODEL
NOBODY = "http://127.0.0.1:9/v1#nobody"  # the discard port: nothing listens there
NOBODY_ANSWERS = "Nothing answers at http://127.0.0.1:9/v1. Start that server, or correct its address."


async def until_part(supervisor, name, state, **attributes):
    def stands_so():
        part = supervisor.board.parts.get(name)
        good = part and part.state is state and all(getattr(part, key) == value for key, value in attributes.items())
        return part if good else None

    return await until(stands_so, f"{name} {state} {attributes}, not {supervisor.board.parts.get(name)}")


async def answers(part):
    wanted = {"messages": [{"role": "user", "content": "a fox"}], "max_tokens": 1}
    headers = {"Authorization": f"Bearer {part.endpoint.api_key}"}
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{part.endpoint.base_url}/chat/completions", json=wanted, headers=headers)
    return answer.status_code == httpx.codes.OK


async def watch(board, seen):
    while True:
        version = board.version
        seen.append(board.parts[LARGE])
        await board.wait_for_change(version)
