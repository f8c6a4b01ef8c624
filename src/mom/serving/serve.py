"""`mom serve`: checks what can be checked, runs the supervisor, and says what people need to know."""

import asyncio
import ipaddress
import signal
import socket
import sys
from collections.abc import Callable

import psutil

from mom.errors import PortInUseError, ServingError, SettingsError, StorageError
from mom.models.parts import PartName
from mom.serving.announcing import announce_changes, welcome
from mom.serving.child import free_port
from mom.serving.control import ControlServer
from mom.serving.keeping import DEFAULT_RESTARTS, Restarts
from mom.serving.program import Program
from mom.serving.programs import WebAddress, web_program
from mom.serving.serve_plan import ServePlan
from mom.serving.supervisor import Supervisor

MakeWeb = Callable[[WebAddress, str, str], Program]

STOPPED = 0
NEEDED_BYTES = 100_000_000
SETTLE_S = 1.5  # small models are ready about when the page is; the block says so then


def run_serve(plan: ServePlan, *, make_web: MakeWeb = web_program, restarts: Restarts = DEFAULT_RESTARTS) -> int:
    """Serve until Ctrl-C, SIGTERM or SIGHUP; the exit code. Call it in the main thread.

    Raises `PortInUseError`, `StorageError`, `SettingsError`, and `ServingError` when the web process cannot be kept running.
    """
    check_host(plan.host, in_container=plan.in_container)
    check_port(plan.host, plan.port)
    check_data_dir(plan)
    web = WebAddress(plan.host, plan.port or free_port())

    def web_under(control: ControlServer) -> Program:
        return make_web(web, control.url, control.token)

    return asyncio.run(_serve(Supervisor(plan, web_under, restarts), plan, web))


async def _serve(supervisor: Supervisor, plan: ServePlan, web: WebAddress) -> int:
    running = asyncio.create_task(supervisor.run())
    talking = asyncio.create_task(_talk(supervisor, plan, web))
    _cancel_on_signals(running.cancel)
    try:
        why = await running
    except asyncio.CancelledError:
        return STOPPED
    finally:
        talking.cancel()
        await asyncio.wait({talking})
    raise ServingError(f"The web process cannot run. {why} Its log: {plan.log_folder / 'web.log'}")


async def _talk(supervisor: Supervisor, plan: ServePlan, web: WebAddress) -> None:
    await supervisor.web_is_ready.wait()
    await supervisor.wait_until_llms_settle(SETTLE_S)
    offers = await supervisor.offers() if not plan.addresses.keys() & {PartName.SMALL_LLM, PartName.LARGE_LLM} else {}
    shown = dict(supervisor.board.parts)
    url = f"{plan.public_url}, behind a proxy that asks {web.url}" if plan.public_url else web.url
    print(welcome(url, shown.values(), offers, plan.log_folder), flush=True)  # noqa: T201 -- what `mom serve` is to print
    await announce_changes(supervisor.board, shown, lambda line: print(line, flush=True))  # noqa: T201 -- the same


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
            f"The data folder {plan.data_dir} cannot be written ({error.strerror}). Mend that, or set MOM_DATA_DIR."
        ) from error
    free = psutil.disk_usage(str(plan.data_dir)).free
    if free < NEEDED_BYTES:
        raise StorageError(f"The disk of {plan.data_dir} has {free / 1e6:.0f} MB left. Make room, or set MOM_DATA_DIR.")


def _cancel_on_signals(cancel: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is None or signal.getsignal(number) is signal.SIG_IGN:
            continue  # `nohup mom serve` ignores SIGHUP, and so do we
        try:
            loop.add_signal_handler(number, cancel)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(cancel))
