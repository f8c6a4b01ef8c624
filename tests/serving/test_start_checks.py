"""What is checked before anything is started."""

import os
import socket

import pytest

from mom.errors import PortInUseError, SettingsError, StorageError
from mom.serving.child import free_port
from mom.serving.serve_plan import ServePlan
from mom.serving.start_checks import check_data_dir, check_host, check_port


def test_a_port_in_use_is_said_with_the_process_that_has_it():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUseError) as refusal:
            check_port("127.0.0.1", port)
    assert f"Port {port} is in use by" in refusal.value.message
    assert f"(process {os.getpid()})" in refusal.value.message
    assert f"MOM_PORT={port + 1}" in refusal.value.message


def test_a_free_port_and_port_0_are_fine():
    check_port("127.0.0.1", free_port())
    check_port("127.0.0.1", 0)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.10", "::", "chat.example"])
def test_only_this_machine_is_listened_to_as_long_as_there_are_no_accounts(host):
    with pytest.raises(SettingsError, match="no accounts"):
        check_host(host, in_container=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.2"])
def test_addresses_of_this_machine_are_fine(host):
    check_host(host, in_container=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_container_may_be_reached_at_each_of_its_own_addresses_and_at_no_other(host):
    check_host(host, in_container=True)
    with pytest.raises(SettingsError, match="no accounts"):
        check_host("192.168.1.10", in_container=True)


def test_a_data_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        check_data_dir(ServePlan(data_dir=tmp_path / "file" / "data"))


def test_the_data_folder_is_made_for_its_owner_alone(tmp_path):
    check_data_dir(ServePlan(data_dir=tmp_path / "a" / "data"))
    assert (tmp_path / "a" / "data").stat().st_mode & 0o077 == 0
