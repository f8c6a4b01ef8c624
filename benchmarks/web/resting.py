"""What MoM costs when nobody asks: the web process's memory, and the processor time of all processes."""

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from benchmarks.paced_server import Pace, paced_process
from benchmarks.web.processes import cpu_time, load_bert, rss_mb, serving_mom, web_process
from tests.e2e.running_mom import running_mom

SETTLE_S = 60.0  # in which the parts test themselves
DEADLINE_S = 300.0


def measure_memory() -> dict[str, float]:
    """Resident memory of the web process, in MB: as it starts, with `bert` loaded."""
    with paced_process(Pace(tokens=1)) as upstream:
        with serving_mom(upstream, MOM_CLASSIFIER="regex") as mom:
            without = rss_mb(web_process(mom))
        with serving_mom(upstream) as mom:
            load_bert(mom)
            loaded = rss_mb(web_process(mom))
    return {"without_bert": without, "with_bert": loaded}


def measure_idle(seconds: float) -> dict[str, Any]:
    """`mom serve` with the demo models, nobody on the page: shares of one core."""
    with tempfile.TemporaryDirectory() as folder, running_mom(Path(folder)) as mom:
        mom.wait_for("small_llm", "large_llm", "image_model", deadline_s=DEADLINE_S)
        load_bert(mom)
        time.sleep(SETTLE_S)
        supervisor = psutil.Process(mom.process.pid)
        names = {part.get("pid"): name for name, part in mom.parts().items()}
        families = {"supervisor": [supervisor]} | {
            names.get(child.pid, child.name()): [child, *child.children(recursive=True)]
            for child in supervisor.children()
        }
        with ExitStack() as stack:
            spent = {name: stack.enter_context(cpu_time(family)) for name, family in families.items()}
            time.sleep(seconds)
        shares = {name: each.cores for name, each in spent.items()}
    return {"all": round(sum(shares.values()), 4)} | {name: round(share, 4) for name, share in shares.items()}
