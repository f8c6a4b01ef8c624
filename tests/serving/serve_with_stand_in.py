"""`mom serve` with a stand-in for the web process; the plan is given as JSON on the command line."""

import json
import sys
from pathlib import Path

from mom.errors import MomError
from mom.models.parts import PartName
from mom.serving.keeping import Restarts
from mom.serving.program import Program
from mom.serving.serve import run_serve
from mom.serving.serve_plan import ServePlan

STAND_IN = str(Path(__file__).with_name("stand_in.py"))


def main():
    given = json.loads(sys.argv[1])
    addresses = {PartName(name): address for name, address in given.pop("addresses").items()}
    fault = given.pop("fault", None)
    plan = ServePlan(
        data_dir=Path(given.pop("data_dir")), addresses=addresses, ollama_url="http://127.0.0.1:9", **given
    )

    def make_web(web, control_url, control_token):
        return Program("web", (sys.executable, STAND_IN), {"fault": fault}, port=web.port)

    try:
        sys.exit(run_serve(plan, make_web=make_web, restarts=Restarts(at_most=2, first_pause_s=0.01)))
    except MomError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main()
