"""`python -m mom.serving.image_server`: listens first, then loads the model, then draws, until its stdin ends."""

import asyncio
import logging
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import uvicorn

from mom.errors import MomError
from mom.serving.image_server.api import ImageServer
from mom.serving.image_server.checkpoint import find_checkpoint
from mom.serving.image_server.config import ServerConfig
from mom.serving.image_server.drawing import Engine
from mom.serving.image_server.gathering import GatheringSelector
from mom.serving.tether import fail_for_good, read_config_and_tie

log = logging.getLogger("mom.serving.image_server")

# Read by the libraries when they are imported; a person's own values win.
LIBRARY_SETTINGS = {
    # Threads sleep while they wait for each other. Spinning, the default, starves itself as soon as a language model uses
    # the same cores: a tiny picture was measured at 12 s instead of 0.2 s beside two busy processes on two cores.
    "OMP_WAIT_POLICY": "PASSIVE",
    # Their warnings tell of packages that are not needed, and of every over-long prompt, which the asker is told of.
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
}


def main() -> None:
    """Run until told to end, or until the model turns out not to be loadable."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="image server: %(message)s")
    for chatty in ("httpx", "httpx2", "huggingface_hub"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        run(ServerConfig.from_json(read_config_and_tie()))
    except MomError as error:
        fail_for_good(error.message)


def run(config: ServerConfig) -> None:
    """Serve until a signal; raises the `MomError` that loading the model ended with."""
    selector = GatheringSelector()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(_serve(ImageServer(config, selector.gathering), config))


async def _serve(images: ImageServer, config: ServerConfig) -> None:
    server = ListeningServer(
        uvicorn.Config(
            images.make_app(),
            host=config.host,
            port=config.port,
            http="h11",  # `web/server.py` says why
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )
    working = asyncio.create_task(_load_and_work(server.listening, images, config))
    working.add_done_callback(lambda _task: setattr(server, "should_exit", True))
    await server.serve()
    if not working.done():
        working.cancel()
    elif (error := working.exception()) is not None:
        raise error


async def _load_and_work(listening: asyncio.Event, images: ImageServer, config: ServerConfig) -> None:
    await listening.wait()
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
    engine = await asyncio.get_running_loop().run_in_executor(thread, _load, config)
    log.info("%s is ready: %s", config.model_name, engine.description)
    thread.submit(engine.warm_up)  # before what is asked for, whose first picture would take as long
    await images.work(engine, thread)


def _load(config: ServerConfig) -> Engine:
    checkpoint = find_checkpoint(config.model, has_lora=config.lora is not None)  # a wrong one is told at once
    for name, value in LIBRARY_SETTINGS.items():
        os.environ.setdefault(name, value)
    from mom.serving.image_server.engines import load_engine  # noqa: PLC0415 -- PyTorch takes seconds; the port is open by then

    return load_engine(config, checkpoint)


class ListeningServer(uvicorn.Server):
    """Tells when the port is open."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


if __name__ == "__main__":
    main()
    sys.stderr.flush()
    os._exit(0)  # an ordinary exit would wait for the engine's thread, which may be in the middle of a long step
