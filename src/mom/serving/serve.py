"""`mom serve`: runs the supervisor, and says what people need to know."""

import asyncio
import signal
from collections.abc import Callable

from mom.errors import ServingError
from mom.models.parts import PartName
from mom.serving.announcing import announce_changes, welcome
from mom.serving.child import free_port
from mom.serving.keeping import DEFAULT_RESTARTS, Restarts
from mom.serving.program import Program
from mom.serving.programs import WebAddress, web_program
from mom.serving.serve_plan import ServePlan
from mom.serving.start_checks import check_data_dir, check_host, check_port
from mom.serving.supervisor import Supervisor

MakeWeb = Callable[[WebAddress, str, str], Program]

STOPPED = 0
SETTLE_S = 1.5  # small models are ready about when the page is; the block says so then


def run_serve(plan: ServePlan, *, make_web: MakeWeb = web_program, restarts: Restarts = DEFAULT_RESTARTS) -> int:
    """Serve until Ctrl-C, SIGTERM or SIGHUP; the exit code. Call it in the main thread.

    Raises `PortInUseError`, `StorageError`, `SettingsError`, and `ServingError` when the web process cannot be kept running.
    """
    check_host(plan.host, in_container=plan.in_container)
    check_port(plan.host, plan.port)
    check_data_dir(plan)
    web = WebAddress(plan.host, plan.port or free_port())
    supervisor = Supervisor(plan, lambda control: make_web(web, control.url, control.token), restarts)
    return asyncio.run(_serve(supervisor, plan, web))


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
