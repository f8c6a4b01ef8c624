"""What `make dist` builds: whoever installs it needs neither a clone nor Node."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mom.chats.database import MIGRATIONS
from mom.serving.demo import IMAGE_FOLDER
from tests.e2e.running_mom import running_mom

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "src/mom/web/static/chat"


def run(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from the source archive, as others build it: what lacks there lacks here."""
    assert (PAGE / "chat.js").is_file(), "the page is not built: make test builds it"
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    [archive] = folder.glob("*.tar.gz")
    run("tar", "xf", archive, cwd=folder)
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=folder / archive.name[:-7])
    [wheel] = folder.glob("*.whl")
    return wheel


def test_the_wheel_holds_page_migrations_and_demo_models(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [file for folder in (PAGE, MIGRATIONS, IMAGE_FOLDER) for file in folder.rglob("*") if file.is_file()]
    wanted = {str(file.relative_to(ROOT / "src")) for file in files if "__pycache__" not in file.parts}
    assert len(wanted) > 15
    assert wanted <= names
    assert "mom/serving/demo/llm.gguf" in names
    assert not [name for name in names if not name.startswith(("mom/", "mom-"))]


def test_installed_in_an_empty_environment_without_node_it_serves_page_and_answers(wheel, tmp_path):
    venv = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=tmp_path)
    # By this environment's pip, and without compiling what is never run, as either takes seconds.
    options = ["--no-compile", "--quiet", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "--python", venv, "install", *options]
    run(*pip, "--require-hashes", "-r", ROOT / "requirements/base.lock", cwd=tmp_path)
    run(*pip, "--no-index", wheel, cwd=tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    with running_mom(data, command=[venv / "bin/mom", "serve"], PATH="/nowhere", PYTHONPATH="") as mom:
        page = mom.http.get("/").text
        assert "static/chat/chat.js" in page
        script = mom.http.get("/static/chat/chat.js")
        assert script.content == (PAGE / "chat.js").read_bytes()
        mom.wait_for("small_llm", "large_llm")
        events = mom.all_events(mom.ask("What is MoM?"))
        assert "MoM" in "".join(event.data["text"] for event in events if event.name == "text_delta")
