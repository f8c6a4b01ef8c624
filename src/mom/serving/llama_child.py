"""The child process that serves one LLM: llama.cpp's server from the xllamacpp package, or the user's own `llama-server`.

`python -m mom.serving.llama_child` reads `{"port", "api_key", "model_path", "model_name", "context_tokens", "threads", "parallel",
"server_binary"}` from stdin (see `tether`). SIGTERM keeps its default action: the kernel ends the process at once, also while it loads (xllamacpp holds the GIL for as long, so that no
Python code runs: the tether breaks then only after the loading, where there is no PDEATHSIG).
"""

import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from mom.errors import ModelFileError
from mom.serving.gguf_file import check_gguf
from mom.serving.gguf_parts import parts_of
from mom.serving.grandchild import Grandchild
from mom.serving.program import LOOPBACK
from mom.serving.tether import fail_for_good, read_config_and_tie

# Read by OpenMP when llama.cpp is loaded; a person's own values win. Threads that spin for long starve those of the other
# server on the same cores; threads that sleep at once must be woken hundreds of times a token. These spin for microseconds.
OPENMP = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "100"}
# Each token reads all weights. With fewer bytes of them, one more thread costs more in waiting than it computes.
BYTES_OF_A_THREAD = 256 * 2**20
BATCH_TOKENS = 64  # a stop is noticed between batches only; 2048, the default, is most prompts in one piece
PROMPT_CACHE_MIB = 512  # the default of 8192 can be more than the machine has
CANNOT_START = 1
CANNOT_LOAD_FIX = "Where libgomp.so.1 is missing: apt install libgomp1. Otherwise name a llama-server of your own in MOM_LLAMA_SERVER."


@dataclass(frozen=True, slots=True)
class LlamaConfig:
    port: int
    api_key: str
    model_path: str
    model_name: str
    context_tokens: int
    threads: int
    parallel: int = 1
    server_binary: str | None = None


def main() -> None:
    """Serve until the supervisor ends this process or ends itself."""
    grandchild = Grandchild()
    config = LlamaConfig(**read_config_and_tie(before_exit=grandchild.end))
    try:
        check_gguf(Path(config.model_path))
    except ModelFileError as error:
        fail_for_good(error.message)
    for name, value in OPENMP.items():
        os.environ.setdefault(name, value)
    if config.server_binary is None:
        serve_in_process(config)
    else:
        sys.exit(serve_with_binary(config, config.server_binary, grandchild))


def serve_in_process(config: LlamaConfig) -> None:
    """Load the model and serve it from this process's own threads."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        import xllamacpp  # noqa: PLC0415 -- after OpenMP's settings
    except ImportError as error:
        fail_for_good(f"llama.cpp's wheel cannot be loaded: {error}. {CANNOT_LOAD_FIX}")

    params = xllamacpp.CommonParams()
    params.model.path = config.model_path
    params.model_alias = {config.model_name}
    params.hostnames = [LOOPBACK]
    params.port = config.port
    params.api_keys = [config.api_key]
    params.cors_origins = ""  # the default reflects any Origin: a web page could read answers
    params.ui = False
    params.endpoint_slots = True
    params.use_jinja = True
    params.n_ctx = config.context_tokens
    params.n_parallel = config.parallel
    params.n_batch = BATCH_TOKENS
    params.n_ubatch = BATCH_TOKENS
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.cpuparams.n_threads = writing_threads(config)
    params.cpuparams_batch.n_threads = config.threads
    try:
        server = xllamacpp.Server(params)
    except RuntimeError:
        if _is_taken(config.port):
            sys.exit(CANNOT_START)  # another process took the port; the next start gets another port
        fail_for_good(f"llama.cpp cannot load {config.model_path}")
    threading.Event().wait()
    del server  # never reached: the name keeps the server alive


def serve_with_binary(config: LlamaConfig, binary: str, grandchild: Grandchild) -> int:
    """Run the user's own `llama-server` with the same settings and return its exit code.

    Its CORS default stays: a web page does not know the key. The key is read from a pipe: argv and environ are seen by others.
    """
    grandchild.end_on_sigterm()
    key_file, write_end = os.pipe()
    os.write(write_end, config.api_key.encode() + b"\n")
    os.close(write_end)
    flags = [
        *("--model", config.model_path, "--alias", config.model_name, "--host", LOOPBACK, "--port", str(config.port)),
        *("--ctx-size", str(config.context_tokens), "--parallel", str(config.parallel)),
        *("--batch-size", str(BATCH_TOKENS), "--ubatch-size", str(BATCH_TOKENS), "--cache-ram", str(PROMPT_CACHE_MIB)),
        *("--threads", str(writing_threads(config)), "--threads-batch", str(config.threads)),
        *("--slots", "--jinja", "--no-webui", "--api-key-file", f"/dev/fd/{key_file}"),
    ]
    try:
        return grandchild.run([binary, *flags], pass_fds=[key_file])
    except OSError as error:
        fail_for_good(f"MOM_LLAMA_SERVER={binary} cannot be run: {error.strerror}.")


def writing_threads(config: LlamaConfig) -> int:
    """How many threads compute one token after the other; a prompt, many tokens at once, is read with all of them."""
    size = sum(Path(part).stat().st_size for part in parts_of(config.model_path))
    return min(config.threads, 1 + size // BYTES_OF_A_THREAD)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


if __name__ == "__main__":
    main()
