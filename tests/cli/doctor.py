"""What `mom doctor` finds, for the tests that put something real amiss."""

import json

from tests.cli.calling import mom


def doctor() -> tuple[dict[str, dict], int]:
    """The checks by name, and the exit code."""
    result = mom("doctor", "--json")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    checks = json.loads(result.stdout)["checks"]
    assert all(check["fix"] or check["finding"] == "ok" for check in checks)
    assert len({check["name"] for check in checks}) == len(checks)
    return {check["name"]: check for check in checks}, result.exit_code


def one_failed(name: str) -> dict:
    """The one check that failed, which is this one."""
    checks, exit_code = doctor()
    assert [each for each, check in checks.items() if check["finding"] == "failed"] == [name]
    assert exit_code == 1
    return checks[name]
