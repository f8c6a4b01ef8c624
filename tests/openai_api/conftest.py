"""A program's view of MoM: the official client at a real server with scripted models."""

from dataclasses import replace

import pytest
from openai import OpenAI

from tests.chats.stage import another_person
from tests.scripted import ScriptedParts
from tests.web.site import running_site


@pytest.fixture
def parts():
    return ScriptedParts()


@pytest.fixture
def site(tmp_path, parts):
    with running_site(tmp_path, parts) as site:
        yield site


@pytest.fixture
def openai(site):
    with OpenAI(base_url=f"{site.url}/v1", api_key="any", max_retries=0, timeout=30) as client:
        yield client


@pytest.fixture
def as_another_person(site):
    """From then on, whoever asks is somebody else."""

    def change() -> None:
        stranger = another_person(site.services.history.database)
        name = "mom.openai_api"
        site.app.extensions[name] = replace(site.app.extensions[name], owner_id=lambda: stranger)

    return change
