"""Flask's own commands, as the tutorial has them."""

import subprocess
import sys


def flask(*words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "flask", "--app", "mom.app", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_flasks_own_commands_work_before_there_is_a_table(tmp_path):
    assert flask("db", "init", "--directory", str(tmp_path / "migrations")).returncode == 0
    assert flask("db", "upgrade").returncode == 0
    assert flask("db_seed").returncode == 0
    assert flask("db_reset").returncode == 2
    assert flask("db_reset", "--yes").returncode == 0
    check = flask("db", "check")
    assert check.returncode == 0, check.stderr


def test_the_secret_key_is_made_once_and_kept_to_its_owner(tmp_path):
    assert flask("routes").returncode == 0
    key = tmp_path / "data" / "secret_key"
    first = key.read_bytes()
    assert (len(first), key.stat().st_mode & 0o777) == (32, 0o600)
    assert flask("routes").returncode == 0
    assert key.read_bytes() == first
    assert key.parent.stat().st_mode & 0o077 == 0
