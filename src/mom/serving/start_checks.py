"""What can be checked before anything is started: the address, the port, and the data folder."""

import ipaddress
import socket
import sys

import psutil

from mom.errors import PortInUseError, SettingsError, StorageError
from mom.serving.serve_plan import ServePlan

NEEDED_BYTES = 100_000_000


def check_host(host: str, *, in_container: bool) -> None:
    """Accounts are not built: whoever reaches MoM may use it. A container's own network is reached by what its engine publishes."""
    try:
        address = ipaddress.ip_address(host)
        may_listen = address.is_loopback or (in_container and address.is_unspecified)
    except ValueError:
        may_listen = host == "localhost"
    if not may_listen:
        raise SettingsError(
            f"MOM_HOST={host}: MoM has no accounts, so it listens on this machine only. From elsewhere use an SSH tunnel "
            "(ssh -L 8600:127.0.0.1:8600 THIS-MACHINE) or a reverse proxy that asks for a password."
        )


def check_port(host: str, port: int) -> None:
    """Raises `PortInUseError`, naming the process as far as the system tells."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        if sys.platform != "win32":
            # As the server does: old connections do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise SettingsError(f"MOM_PORT={port} needs administrator rights. Ports from 1024 on do not.") from error
        except OSError as error:
            raise PortInUseError(
                f"Port {port} is in use by {_who_listens(port)}. Stop it, or choose another: MOM_PORT={port + 1} mom serve."
            ) from error


def _who_listens(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and connection.laddr
                and connection.laddr.port == port
                and connection.pid
            ):
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass  # macOS tells only root
    return "another process"


def check_data_dir(plan: ServePlan) -> None:
    """Make the data folder and see that it can be written."""
    try:
        plan.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        plan.log_folder.mkdir(exist_ok=True, mode=0o700)
        probe = plan.log_folder / ".probe"
        probe.write_bytes(b"can this folder be written?")
        probe.unlink()
    except OSError as error:
        raise StorageError(
            f"The data folder {plan.data_dir} cannot be written ({error.strerror}). Make it writable, or set MOM_DATA_DIR."
        ) from error
    free = psutil.disk_usage(str(plan.data_dir)).free
    if free < NEEDED_BYTES:
        raise StorageError(f"The disk of {plan.data_dir} has {free / 1e6:.0f} MB left. Make room, or set MOM_DATA_DIR.")
