"""`mom corrections`: listed, exported, deleted."""

import json

from mom.mixture.conversation import Attachment
from tests.chats.waiting import wait_for
from tests.cli.calling import mom, one_sentence
from tests.scripted import png_of


def overrule(site, words: str, need: str, *pictures: bytes) -> None:
    turns, owner = site.services.turns, site.services.history.local_user_id()
    added = [Attachment(png, "image/png") for png in pictures]
    first = turns.ask(owner, site.services.history.create_chat(owner), words, attachments=added)
    wait_for(lambda: turns.read(owner, first.turn_id)["status"] == "finished", "the answer")
    turns.overrule(owner, first.turn_id, need)


def test_corrections_are_listed_exported_and_deleted(environment, site, tmp_path):
    environment.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'site' / 'mom.sqlite3'}")
    assert (mom("corrections").stdout, mom("corrections").exit_code) == ("", 0)
    overrule(site, "a fox", "image")
    overrule(site, "", "image", png_of())  # a picture without a word: no routing data
    assert len(mom("corrections").stdout.splitlines()) == 2
    assert "text → image  a fox" in mom("corrections").stdout
    row = json.loads(mom("corrections", "--json").stdout)
    (tmp_path / "corrections.jsonl").write_text(mom("corrections", "--json").stdout)
    measured = mom("eval", "routing", "--data", "corrections.jsonl", "--classifier", "regex", "--format", "json")
    assert json.loads(measured.stdout)["classifiers"]["regex"]["n"] == 1
    assert mom("corrections", "--delete", row["id"]).exit_code == 0
    assert "a fox" not in mom("corrections").stdout
    gone = mom("corrections", "--delete", row["id"])
    assert gone.exit_code == 1
    assert "no such correction" in one_sentence(gone)


def test_corrections_before_mom_has_ever_run_are_none():
    result = mom("corrections")
    assert (result.stdout, result.stderr, result.exit_code) == ("", "", 0)
