"""The child process that converts a model for OpenVINO: `python -m mom.serving.image_server.openvino_child`.

It reads the image server's configuration from stdin (see `tether`). It is a process of its own because neither library gives back
all of the memory that this takes, several times the model's. Where it fails it prints the reason and ends with 1.
"""

import logging
import sys
from contextlib import suppress
from pathlib import Path

from mom.serving.image_server.config import ServerConfig
from mom.serving.tether import read_config_and_tie

log = logging.getLogger(__name__)


def main() -> None:
    config = ServerConfig.from_json(read_config_and_tie())
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="image server, converting: %(message)s")
    _let_the_system_end_this_first()
    from mom.serving.image_server.openvino_verdict import convert  # noqa: PLC0415 -- takes seconds; it is tied by then

    try:
        convert(config)
    except Exception as error:
        log.exception("the model cannot be converted")
        print((str(error).strip() or type(error).__name__).splitlines()[-1], flush=True)  # noqa: T201 -- the protocol
        sys.exit(1)


def _let_the_system_end_this_first() -> None:
    """Where memory runs out, Linux ends the process with the highest score; the server and the language models go on."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


if __name__ == "__main__":
    main()
