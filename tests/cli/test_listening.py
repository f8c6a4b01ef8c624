"""Without accounts MoM listens on this machine alone, by whichever command it is started; a container's engine sees to it there."""

import socket

import pytest

from tests.cli.calling import mom, one_sentence


@pytest.fixture(autouse=True)
def taken_port(environment):
    """Where nothing refuses to listen on all addresses, this does, before anything is started."""
    with socket.create_server(("0.0.0.0", 0)) as taken:
        environment.setenv("MOM_PORT", str(taken.getsockname()[1]))
        yield


@pytest.mark.parametrize("words", [["serve"], ["web", "--standalone"], ["ask", "hello"]])
def test_no_command_listens_on_more_than_this_machine(environment, words):
    environment.setenv("MOM_HOST", "0.0.0.0")
    result = mom(*words)
    assert result.exit_code == 1
    assert "MoM has no accounts" in one_sentence(result)


@pytest.mark.parametrize("words", [["serve"], ["web", "--standalone"]])
def test_in_a_container_all_its_addresses_are_listened_on(environment, words):
    environment.setenv("MOM_HOST", "0.0.0.0")
    environment.setenv("MOM_CONTAINER", "published-on-loopback")
    result = mom(*words)
    assert result.exit_code == 1
    assert "MOM_PORT" in one_sentence(result)


@pytest.mark.parametrize("words", [["serve"], ["web", "--standalone"]])
def test_a_container_opens_no_address_of_the_machine_around_it(environment, words):
    environment.setenv("MOM_HOST", "192.168.1.10")
    environment.setenv("MOM_CONTAINER", "published-on-loopback")
    assert "MoM has no accounts" in one_sentence(mom(*words))
