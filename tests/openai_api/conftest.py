"""A program's view of MoM: the official client at a real server with scripted models."""

import pytest
from openai import OpenAI

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
