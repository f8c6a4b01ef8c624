"""The documentation names files, functions, settings and commands that are there."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
import yaml
from flask_migrate.cli import db as database_commands

from mom.chats.commands import make_commands
from mom.cli import main
from mom.mixture.events import Event
from mom.openai_api import urls as programs
from mom.openai_api.bodies import ChatBody
from mom.openai_api.response_body import ResponseBody
from mom.settings import variable_names
from mom.web import urls as people
from tests.serving.waiting import has_ended, wait_until

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md")),
    *(page for folder in ("docs", "src", "training") for page in sorted((ROOT / folder).glob("**/*.md"))),
]
SOURCES = {".py", ".ts", ".svelte"}
OTHERS_PROGRAMS = {"cp", "ollama", "llama-server", "vllm", "curl", "caddy", "printf", "cd", "git", "systemctl"}
COMPOSE_ONLY = {"TORCH", "LLAMA_CPP_IMAGE"}


@pytest.fixture(scope="module")
def files():
    """All files that git knows, by their path."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return listed.stdout.splitlines()


@pytest.fixture(scope="module")
def code(files):
    return "\n".join(
        (ROOT / name).read_text() for name in files if Path(name).suffix in SOURCES and (ROOT / name).exists()
    )


@pytest.fixture(params=PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def page(request):
    return request.param


def without_fences(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def terms(page: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", without_fences(page.read_text()))


def test_files_and_folders_that_are_named_are_there(page, files):
    known = {f"/{name}" for name in files} | {f"/{parent}" for name in files for parent in Path(name).parents}
    for term in terms(page):
        if re.fullmatch(r"[\w.\-/]*\w/[\w.\-/]*|[\w\-]+\.(py|ts|svelte|j2|yaml|toml)", term) and not term.startswith(
            "/"
        ):
            wanted = f"/{term.rstrip('/')}"
            first = term.split("/")[0]
            if "/" in term and not any(f"/{first}/" in f"/{name}" for name in files):
                continue  # a model's or an image's name
            assert any(name.endswith(wanted) for name in known), f"{page.name} names {term}"


def test_links_lead_to_files_and_headings_that_are_there(page):
    for link, heading in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", without_fences(page.read_text())):
        if "://" not in link:
            target = page.parent / link if link else page
            assert target.exists(), link
            assert not heading or heading in headings(target), f"{link}#{heading}"


def headings(page: Path) -> set[str]:
    """As GitHub names them in links."""
    found = re.findall(r"^#+ (.+)$", without_fences(page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_functions_that_are_named_are_there(page, code):
    for term in terms(page):
        if found := re.fullmatch(r"(?:[\w.]+\.)?(\w+)\(\)", term):
            name = found[1]
            assert re.search(
                rf"\bdef {name}\(|\bfunction {name}\b|^\s*(async )?#?{name}\(.*\{{$", code, re.MULTILINE
            ), f"{page.name}: {term}"


def test_settings_that_are_named_exist(page):
    names = set(re.findall(r"\bMOM_[A-Z_]*[A-Z]\b", page.read_text()))
    unknown = names - variable_names() - {"MOM_API_KEY"}
    assert not unknown


def test_all_that_programs_may_ask_for_is_told():
    told = (ROOT / "docs/api.md").read_text()
    addresses = {
        re.sub(r"<(?:\w+:)?(\w+)>", lambda found: "NAME" if found[1] == "name" else "ID", url)
        for _, url, _ in (*programs.URLS, *people.URLS)
        if re.match(r"/(v1|api|images|healthz|readyz)\b", url)
    }
    names = {event.name for event in Event.__subclasses__()}
    names |= set(ChatBody.model_fields) | set(ResponseBody.model_fields)
    assert {address for address in addresses if not re.search(rf"{address}[ `]", told)} == set()
    assert {name for name in names if f"`{name}`" not in told} == set()


def shell_lines(page: Path) -> list[str]:
    return [
        line.split("  #")[0].strip()
        for fence in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)
        for line in fence.splitlines()
    ]


def test_commands_that_are_shown_exist(page):
    for line in shell_lines(page):
        for command in re.split(r"\s*(?:&&|;|\|)\s*", line):
            words = shlex.split(command, comments=True)
            while words and re.match(r"[A-Z_]+=", words[0]):
                name = words.pop(0).split("=")[0]
                assert name in variable_names() | COMPOSE_ONLY or name in (ROOT / "compose.yaml").read_text(), name
            if words:
                check_command(words)


def check_command(words: list[str]) -> None:
    program, *rest = words
    match Path(program).name:
        case "mom" | "flask":
            check_mom(rest)
        case "make":
            targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert all(word in targets or "=" in word for word in rest), words
        case "npm":
            scripts = json.loads((ROOT / "components/chat/package.json").read_text())["scripts"]
            assert rest[0] in {"ci", "i", "install"} or rest[1] in scripts, words
        case "docker":
            check_docker(rest)
        case "python":
            assert (ROOT / f"{rest[1].replace('.', '/')}.py").exists(), words
        case "sudo":
            check_command(rest)
        case "pip":
            assert rest[0] == "install"
        case name:
            assert name in OTHERS_PROGRAMS or name.startswith("MOM_"), words


def check_mom(words: list[str]) -> None:
    """Do the command and its options exist?"""
    command: click.Command = main
    context = click.Context(main)
    of_the_application = {"db": database_commands, **{each.name: each for each in make_commands(None, None)}}
    while isinstance(command, click.Group) and words:
        found = of_the_application.get(words[0]) or command.get_command(context, words[0])
        assert found is not None, f"there is no command {words[0]}"
        command, words = found, words[1:]
    options = {option for parameter in command.params for option in parameter.opts}
    for word in words:
        if word.startswith("-") and word != "-":
            assert word.split("=")[0] in options | {"--help"}, f"{command.name} has no {word}"


def make(*words: str) -> str:
    words = ("--no-print-directory", *words)  # as it would under `make test`
    return subprocess.run(["make", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_make_run_answers_at_the_port_that_is_named(monkeypatch):
    assert "MOM_PORT=9000 .venv/bin/mom serve" in make("--dry-run", "run", "PORT=9000")
    monkeypatch.setenv("PORT", "3000")  # as some hosts have it for programs of their own
    assert "MOM_PORT" not in make("--dry-run", "run").splitlines()[-1]


def test_what_ends_make_run_ends_mom(tmp_path):
    program = tmp_path / "mom"
    program.write_text("#!/bin/sh\necho $$\nexec sleep 300\n")
    program.chmod(0o755)
    # Whatever `make run` would have to install or build first is no matter here.
    as_they_are = ["--old-file=.venv/.base", "--old-file=src/mom/web/static/chat/chat.js"]
    command = ["make", "--no-print-directory", *as_they_are, "run", "PORT=9000", f"BIN={tmp_path}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as making:
        assert making.stdout is not None
        mom = int(making.stdout.readline())
        making.terminate()
        wait_until(lambda: has_ended(mom), "the end of MoM")


def test_make_help_names_what_can_be_made():
    targets = re.findall(r"^([a-z-]+):.*  ## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [line.split()[0] for line in make("help").splitlines()] == targets
    [phony] = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(phony.split()) == set(targets)


def check_docker(words: list[str]) -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    match words:
        case ["exec", "-it", container, *inside] | ["exec", container, *inside]:
            assert container in services
            if container == "chat_web":
                check_command(inside)
        case ["compose", *rest]:
            assert {"up", "down", "stop", "run", "config"} & set(rest), words
            if "--profile" in rest:
                assert rest[rest.index("--profile") + 1] in {
                    p for s in services.values() for p in s.get("profiles", [])
                }
        case _:
            pytest.fail(f"docker {words}")
