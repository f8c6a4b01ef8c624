"""Health and readiness: what scripts wait for, and what the page shows."""

import os
from dataclasses import replace

from mom.models.parts import Part, PartName, State


def test_health_and_readiness_have_the_shape_that_scripts_rely_on(client):
    assert client.get("/healthz").json == {"status": "ok"}
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json["ready"] is True
    assert set(answer.json["parts"]) == {"web", "small_llm", "large_llm", "image_model"}
    for part in answer.json["parts"].values():
        assert {"state", "model", "demo", "pid", "detail"} <= part.keys()
        assert not {"endpoint", "address"} & part.keys()
    assert answer.json["parts"]["web"]["pid"] == os.getpid()


def test_a_part_that_is_loading_makes_it_unready_and_the_page_still_reads_the_parts(client, app):
    from mom.web.services import services

    parts = services(app).models.parts()
    parts[PartName.IMAGE_MODEL] = replace(parts[PartName.IMAGE_MODEL], state=State.STARTING, endpoint=None)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["ready"]) == (503, False)
    page = client.get("/api/parts")
    assert (page.status_code, page.json["ready"]) == (200, False)
    assert page.json["parts"]["image_model"].items() > answer.json["parts"]["image_model"].items()


def test_a_classifier_that_is_loading_makes_it_unready(client, parts):
    parts.is_starting = lambda: True
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["ready"]) == (503, False)
    assert answer.json["parts"]["web"]["state"] == "starting"
    parts.is_starting = lambda: False
    assert client.get("/readyz").status_code == 200


def test_a_server_elsewhere_that_does_not_answer_makes_it_unready(client, app):
    from mom.web.services import services

    parts = services(app).models.parts()
    parts[PartName.LARGE_LLM] = replace(parts[PartName.LARGE_LLM], state=State.EXTERNAL, answers=False)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["ready"]) == (503, False)
    assert answer.json["parts"]["large_llm"]["answers"] is False
    parts[PartName.LARGE_LLM] = replace(parts[PartName.LARGE_LLM], answers=True)
    assert client.get("/readyz").status_code == 200


def test_a_vision_llm_is_missing_only_where_one_is_set(client, app):
    from mom.web.services import services

    parts = services(app).models.parts()
    parts[PartName.VISION_LLM] = Part(PartName.VISION_LLM, State.NONE, "")
    answer = client.get("/readyz")
    assert (answer.status_code, "vision_llm" in answer.json["parts"]) == (200, False)
    page = client.get("/api/parts").json
    assert (page["ready"], page["parts"]["vision_llm"]["state"]) == (True, "none")
    parts[PartName.VISION_LLM] = Part(PartName.VISION_LLM, State.STARTING, "llama3.2-vision")
    assert client.get("/readyz").status_code == 503
