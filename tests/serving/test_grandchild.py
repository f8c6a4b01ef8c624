import sys
import threading

import pytest

from mom.serving import grandchild as module
from mom.serving.grandchild import Grandchild

POLITE = "print('ready', flush=True); import time; time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {POLITE}"


@pytest.mark.parametrize(("code", "signal_number"), [(POLITE, 15), (STUBBORN, 9)])
def test_a_grandchild_is_ended_from_another_thread(capfd, monkeypatch, code, signal_number):
    monkeypatch.setattr(module, "TERMINATE_S", 0.2)
    grandchild, codes = Grandchild(), []
    running = threading.Thread(target=lambda: codes.append(grandchild.run([sys.executable, "-c", code])))
    running.start()
    said = ""
    while "ready" not in said:
        said += capfd.readouterr().out
    grandchild.end()
    running.join(30)
    assert codes == [-signal_number]


def test_after_its_end_nothing_is_started_any_more():
    grandchild = Grandchild()
    grandchild.end()
    assert grandchild.run(["/nowhere/at-all"]) == 0
