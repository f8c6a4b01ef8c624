"""A process that a child runs in turn (the user's `llama-server`, pip), and that ends with the child, however that ends."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

from mom.serving.tether import die_with_parent

TERMINATE_S = 2.0


class Grandchild:
    """At most one process at a time; `end` may be called from any thread, also when there is none."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._is_ending = False

    def run(self, argv: Sequence[str], *, pass_fds: Sequence[int] = ()) -> int:
        """Run the process until it ends and return its exit code. Raises `OSError` when it cannot be run."""
        with self._lock:
            if self._is_ending:
                return 0
            self._process = subprocess.Popen(  # noqa: S603 -- the callers' own programs, or the user's setting
                argv,
                stdin=subprocess.DEVNULL,
                pass_fds=pass_fds,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 -- one prctl call
            )
        return self._process.wait()

    def end(self) -> None:
        """End the process: first politely, then by force."""
        with self._lock:
            self._is_ending = True
            process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(TERMINATE_S)
        except subprocess.TimeoutExpired:
            process.kill()

    def end_on_sigterm(self) -> None:
        """Call in the main thread: SIGTERM then ends the process and this one."""
        # A thread of its own: a handler must not wait for a lock that the interrupted code may hold.
        signal.signal(signal.SIGTERM, lambda _number, _frame: threading.Thread(target=self._end_and_exit).start())

    def _end_and_exit(self) -> None:
        self.end()
        os._exit(0)
