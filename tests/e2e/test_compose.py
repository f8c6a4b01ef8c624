"""The compose stack, as far as it goes without a container engine: its file, its build's sources, and what its containers run."""

import fnmatch
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import httpx
import psycopg
import pytest
import yaml

from mom.settings import variable_names
from tests.chats.postgres import running_postgres
from tests.e2e.running_mom import RunningMom, free_port, running_mom, wait_until

ROOT = Path(__file__).parents[2]
ENTRYPOINT = ROOT / "docker/entrypoint.sh"
OF_THE_STACK = "http://chat_image:8080/v1#demo image model"
NOBODY = "nobody" if os.geteuid() == 0 else None
# What python:…-slim has of what a compiled package may be linked against: C's and C++'s own, and no OpenMP.
IN_SLIM_IMAGES = {
    "ld-linux-x86-64",
    "libc",
    "libdl",
    "libgcc_s",
    "libm",
    "libpthread",
    "librt",
    "libstdc++",
    "linux-vdso",
}
SERVICES = {"chat_web", "chat_db", "chat_secrets", "chat_small_llm", "chat_large_llm", "chat_image", "chat_ollama"}


@pytest.fixture(scope="module")
def stack():
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_each_container_has_the_name_that_the_tutorial_calls_it_by(stack):
    assert set(stack["services"]) == SERVICES
    assert all(service["container_name"] == name for name, service in stack["services"].items())
    assert stack["services"]["chat_ollama"]["profiles"] == ["ollama"]
    assert stack["services"]["chat_db"]["environment"]["POSTGRES_USER"] == "app"


def test_one_port_is_published_on_loopback(stack):
    published = {name: service["ports"] for name, service in stack["services"].items() if "ports" in service}
    assert published == {"chat_web": ["127.0.0.1:${MOM_PORT:-8600}:8600"]}
    assert stack["networks"]["inside"] == {"internal": True}
    assert stack["services"]["chat_db"]["networks"] == ["inside"]


def test_no_secret_stands_in_it_and_no_debug_mode(stack):
    words = (ROOT / "compose.yaml").read_text() + (ROOT / "Dockerfile").read_text()
    assert not re.search(r"POSTGRES_PASSWORD:|HOST_AUTH_METHOD|FLASK_DEBUG|--debug|--reload", words)
    assert not re.search(r"postgresql://\w+:", words)


def test_it_sets_settings_that_mom_knows(stack):
    names = {name for name in stack["services"]["chat_web"]["environment"] if name.startswith("MOM_")}
    assert names <= variable_names()
    assert "DATABASE_URL" in stack["services"]["chat_web"]["environment"]


def test_who_draws_is_handed_the_settings_of_pictures(stack):
    environment = stack["services"]["chat_image"]["environment"]
    for name in ("MOM_IMAGE_ENGINE", "MOM_IMAGE_LORA"):
        assert environment[name] == f"${{{name}:-}}"


def test_what_is_mounted_from_the_clone_is_there_and_read_only(stack):
    mounts = [m for service in stack["services"].values() for m in service.get("volumes", []) if m.startswith(".")]
    assert mounts
    for mount in mounts:
        source, _, mode = mount.split(":")
        assert mode == "ro"
        assert (ROOT / source).is_dir()
        run(os.environ, "git", "-C", ROOT, "ls-files", "--error-unmatch", source, user=None)


def test_what_the_images_are_built_from_is_there_and_not_ignored():
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    lines = re.findall(r"^COPY (?!.*--from)(?:--\S+ )*(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    sources = [source for line in lines for source in line.split()[:-1]]
    assert {"src", "requirements", "components/chat"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists()
        kept = False
        for rule in rules:  # the last that matches decides, for a folder's content as for itself
            pattern = rule.removeprefix("!")
            if any(fnmatch.fnmatch(str(path), pattern) for path in (Path(source), *Path(source).parents)):
                kept = rule.startswith("!")
        assert kept, source


@pytest.mark.skipif(not (sys.platform == "linux" and shutil.which("ldd")), reason="asks the loader of Linux")
def test_what_llama_cpp_is_linked_against_is_in_the_image():
    [library] = (Path(sysconfig.get_path("platlib")) / "xllamacpp").glob("*.so")
    said = subprocess.run(["ldd", library], capture_output=True, text=True, check=True).stdout
    missing = {re.split(r"\.so", Path(line.split()[0]).name)[0] for line in said.splitlines()} - IN_SLIM_IMAGES
    installed = re.findall(r"apt-get install (.+?) &&", (ROOT / "Dockerfile").read_text())
    assert all(f"{name}1" in " ".join(installed).split() for name in missing), missing


def test_a_server_on_the_machine_itself_is_reached_by_the_name_that_the_page_gives(stack):
    assert "//host.docker.internal:" in (ROOT / "docs/compose.md").read_text()
    assert stack["services"]["chat_web"]["extra_hosts"] == ["host.docker.internal:host-gateway"]


# ── what the containers run, as a user without rights ────────────────────────────────────────────────────────────────


@pytest.fixture
def folder():
    """A folder of nobody's own."""
    folder = Path(tempfile.mkdtemp(prefix="mom-compose-"))
    for name in ("secrets", "llm_secrets", "data"):
        (folder / name).mkdir()
    if NOBODY:
        for each in (folder, *folder.iterdir()):
            shutil.chown(each, NOBODY)
    yield folder
    shutil.rmtree(folder)


def programs_for_nobody(folder: Path) -> Path:
    """A folder with `mom` and `flask`, run by a Python that nobody may run, too: root's own may lie in root's home."""
    python = next(
        path
        for path in (sys.executable, shutil.which(f"python3.{sys.version_info.minor}", path="/usr/bin:/usr/local/bin"))
        if path and may_be_run(path)
    )
    folder.mkdir()
    for name in ("mom", "flask"):
        (folder / name).write_text(f'#!/bin/sh\nexec {python} -m {name} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def may_be_run(path: str) -> bool:
    try:
        return subprocess.run([path, "-c", ""], user=NOBODY, check=False).returncode == 0
    except PermissionError:
        return False


@pytest.fixture
def environment(folder):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOM_")}
    nowhere = dict.fromkeys(("MOM_SMALL_LLM", "MOM_LARGE_LLM", "MOM_IMAGE_MODEL"), "http://127.0.0.1:9/v1#none")
    return {
        **kept, **nowhere,
        "PATH": f"{programs_for_nobody(folder / 'bin')}:{kept['PATH']}",
        "PYTHONPATH": f"{ROOT / 'src'}:{sysconfig.get_path('purelib')}",
        "HOME": str(folder),
        "SECRETS_DIR": str(folder / "secrets"),
        "LLM_SECRETS_DIR": str(folder / "llm_secrets"),
        "MOM_DATA_DIR": str(folder / "data"),
        "FLASK_APP": "mom.app",
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip


def run(environment, *command: str | Path, user: str | None = NOBODY) -> str:
    done = subprocess.run(
        command, env=environment, cwd=environment["HOME"], user=user, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_secrets_are_made_once_and_seen_by_their_readers_alone(environment, folder):
    secrets = folder / "secrets"
    run(environment, ENTRYPOINT, "secrets")
    made = {file.name: file.read_text() for file in secrets.iterdir()}
    assert made.keys() == {"db_password", "pgpass", "image_key"}
    assert re.fullmatch("[0-9a-f]{48}", made["db_password"])
    assert made["pgpass"] == f"*:*:*:*:{made['db_password']}\n"
    assert made["image_key"] != made["db_password"]
    assert {name: stat.S_IMODE((secrets / name).stat().st_mode) for name in made} == {
        "db_password": 0o644,
        "pgpass": 0o600,
        "image_key": 0o600,
    }
    run(environment, ENTRYPOINT, "secrets")
    assert {file.name: file.read_text() for file in secrets.iterdir()} == made


def test_a_command_is_handed_the_key_of_the_image_server(environment, folder):
    tell_key = ("sh", "-c", 'printf %s "${MOM_API_KEY_IMAGE_MODEL-none}"')
    environment["MOM_IMAGE_MODEL"] = OF_THE_STACK
    assert run(environment, ENTRYPOINT, *tell_key) == "none"
    run(environment, ENTRYPOINT, "secrets")
    assert run(environment, ENTRYPOINT, *tell_key) == (folder / "secrets/image_key").read_text()
    assert run({**environment, "MOM_API_KEY_IMAGE_MODEL": "own"}, ENTRYPOINT, *tell_key) == "own"


def test_each_part_that_a_llama_cpp_server_plays_is_handed_its_key(environment, folder):
    servers = {
        "MOM_SMALL_LLM": "http://chat_small_llm:8080/v1#demo LLM",
        "MOM_VISION_LLM": "http://192.168.1.5:8090/v1",
    }
    environment |= {**servers, "MOM_LARGE_LLM": "http://chat_large_llm:8080/v1#Qwen3-8B"}
    keys = "${MOM_API_KEY_SMALL_LLM-} ${MOM_API_KEY_LARGE_LLM-} ${MOM_API_KEY_VISION_LLM-}"
    tell_keys = ("sh", "-c", f'printf %s "{keys}"')
    assert run(environment, ENTRYPOINT, *tell_keys) == "  "
    run(environment, ENTRYPOINT, "secrets")
    key = (folder / "llm_secrets/llm_key").read_text()
    assert re.fullmatch("[0-9a-f]{48}", key)
    assert (folder / "llm_secrets/llm_key").stat().st_mode & 0o777 == 0o600
    assert run(environment, ENTRYPOINT, *tell_keys) == f"{key} {key} "
    assert run({**environment, "MOM_API_KEY_SMALL_LLM": "own"}, ENTRYPOINT, *tell_keys) == f"own {key} "


def test_a_llama_cpp_server_asks_for_its_key_and_sees_no_other_secret(stack):
    for name in ("chat_small_llm", "chat_large_llm"):
        service = stack["services"][name]
        assert "--api-key-file /llm_secrets/llm_key" in service["command"]
        assert "llm_secrets:/llm_secrets:ro" in service["volumes"]
        assert not [volume for volume in service["volumes"] if volume.startswith("secrets:")]
        assert service["depends_on"] == {"chat_secrets": {"condition": "service_completed_successfully"}}


@pytest.mark.parametrize("another", ["https://api.example.com/v1#painter", "http://192.168.1.5:7860"])
def test_another_server_is_not_told_the_key_of_the_image_server(environment, folder, another):
    environment["MOM_IMAGE_MODEL"] = another
    run(environment, ENTRYPOINT, "secrets")
    assert run(environment, ENTRYPOINT, "sh", "-c", 'printf %s "${MOM_API_KEY_IMAGE_MODEL-none}"') == "none"


def test_mom_is_handed_it_where_docker_exec_passes_the_entrypoint_by(environment, folder):
    [path] = re.findall(r"^ENV PATH=(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert path.startswith("/app/docker/bin:")
    run(environment, ENTRYPOINT, "secrets")
    (folder / "bin/mom").write_text('#!/bin/sh\nprintf "%s %s" "$MOM_API_KEY_IMAGE_MODEL" "$*"\n')
    environment["PATH"] = f"{ROOT / 'docker/bin'}:{environment['PATH']}"
    environment["MOM_IMAGE_MODEL"] = OF_THE_STACK
    key = (folder / "secrets/image_key").read_text()
    assert run(environment, "mom", "doctor", "--json") == f"{key} doctor --json"


@pytest.mark.timeout(600)  # ten starts of the command line, on a busy machine
def test_the_web_container_sets_up_its_database_and_the_tutorials_lines_work(environment, folder):
    run(environment, ENTRYPOINT, "secrets")
    password = (folder / "secrets/db_password").read_text()
    with running_postgres("app", password) as server:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE app")
        address = server.replace(f":{password}@", "@")  # as compose.yaml has it: the password is in a file
        environment["DATABASE_URL"] = f"{address}/app?passfile={folder / 'secrets/pgpass'}"
        data = folder / "data"
        with running_mom(data, command=[ENTRYPOINT, "web"], user=NOBODY, **environment) as mom:
            assert titles(mom) == ["Welcome"]
            logs = [file.read_text() for file in (data / "logs").glob("*.log")]
            assert password not in "".join([mom.said(), *logs])
            for _ in range(2):
                run(environment, "flask", "db", "init")
                run(environment, "flask", "db", "migrate", "-m", "Initial migration")
                run(environment, "flask", "db", "upgrade")
                run(environment, "flask", "db_seed")
                assert titles(mom) == ["Welcome"]
                with psycopg.connect(f"{server}/app", autocommit=True) as connection:
                    connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
        owners = {path.stat().st_uid for path in data.rglob("*") if path.name != "stdout"}
        assert owners == {data.stat().st_uid}


def titles(mom: RunningMom) -> list[str]:
    return [chat["title"] for chat in mom.http.get("/api/chats").raise_for_status().json()]


@pytest.mark.torch
def test_the_image_container_draws_for_who_knows_its_key(environment, folder):
    run(environment, ENTRYPOINT, "secrets")
    key = (folder / "secrets/image_key").read_text()
    environment |= {"MOM_IMAGE_MODEL": "demo", "MOM_IMAGE_ENGINE": "", "MOM_IMAGE_LORA": ""}  # as where .env has none
    port = free_port()
    server = subprocess.Popen([ENTRYPOINT, "image", "127.0.0.1", str(port)], env=environment, cwd=folder, user=NOBODY)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            wait_until(lambda: server.poll() is not None or is_well(client), "the image server is ready")
            assert client.get("/v1/models").status_code == 401
            client.headers["Authorization"] = f"Bearer {key}"
            [model] = client.get("/v1/models").json()["data"]
            assert model["id"] == "demo image model"
            drawn = client.post("/v1/images/generations", json={"prompt": "a red circle", "steps": 1})
            assert drawn.is_success
    finally:
        server.terminate()
        server.wait(30)


def is_well(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").is_success
    except httpx.TransportError:
        return False
