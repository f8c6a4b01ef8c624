import pytest

from mom.errors import SettingsError
from mom.models.addresses import parse_address
from mom.models.endpoints import endpoint_of, root_of
from mom.models.parts import Endpoint

OLLAMA = "http://127.0.0.1:11434/"


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("http://host:8090/v1#name", Endpoint("http://host:8090/v1", "name", "key")),
        ("http://host:8090", Endpoint("http://host:8090/v1", "", "key")),
        ("http://host:8090/", Endpoint("http://host:8090/v1", "", "key")),
        ("https://host/openai/v1#a/b", Endpoint("https://host/openai/v1", "a/b", "key")),
        ("ollama:llama3.2:1b", Endpoint("http://127.0.0.1:11434/v1", "llama3.2:1b", "key")),
    ],
)
def test_an_address_becomes_an_endpoint(address, endpoint):
    assert endpoint_of(parse_address(address), api_key="key", ollama_url=OLLAMA) == endpoint


def test_a_model_that_mom_runs_has_no_endpoint_of_its_own():
    with pytest.raises(SettingsError, match="mom serve"):
        endpoint_of(parse_address("demo"), ollama_url=OLLAMA)


@pytest.mark.parametrize(
    ("base_url", "root"),
    [
        ("http://h:1/v1", "http://h:1"),
        ("http://h/v1/", "http://h"),
        ("http://h/v1beta/openai", "http://h/v1beta/openai"),
    ],
)
def test_a_servers_own_paths_lie_beside_its_openai_face(base_url, root):
    assert root_of(base_url) == root


def test_an_address_with_a_query_is_refused_without_repeating_it():
    with pytest.raises(SettingsError, match=r"has a \? in it") as refused:
        parse_address("https://host/v1?key=secret#name", name="MOM_LARGE_LLM")
    assert "secret" not in refused.value.message
