"""`db_seed` gives a first chat; `db_reset` forgets everything, but only when told twice."""

from click.testing import CliRunner
from sqlalchemy import text

from mom.chats.commands import make_commands, seed
from mom.chats.database import Database
from mom.chats.pictures import Pictures


def run(stage, name: str, *arguments: str):
    commands = {command.name: command for command in make_commands(stage.database, stage.pictures)}
    return CliRunner().invoke(commands[name], arguments)


def titles(stage) -> list[str]:
    return [chat["title"] for chat in stage.history.list_chats(stage.history.local_user_id())]


def test_a_first_chat_is_seeded_once(stage):
    stage.history.delete_chat(stage.owner, stage.chat)
    for _ in range(2):
        assert run(stage, "db_seed").exit_code == 0
        assert titles(stage) == ["Welcome"]


def test_whoever_has_chats_is_given_none(stage):
    seed(stage.database)
    assert len(titles(stage)) == 1


def test_reset_drops_everything_and_seeds(stage):
    stage.answered("/image a ring")
    with stage.database.session() as session:
        session.execute(text("CREATE TABLE left_over (id INTEGER)"))
    assert run(stage, "db_reset", "--yes").exit_code == 0
    assert titles(stage) == ["Welcome"]
    assert list(stage.folder.rglob("*.png")) == []


def test_reset_without_yes_does_nothing(stage):
    result = run(stage, "db_reset")
    assert result.exit_code == 2
    assert "--yes" in result.output
    assert stage.history.read_chat(stage.owner, stage.chat)


def test_a_database_that_is_not_there_is_one_sentence(tmp_path):
    database = Database("postgresql://user:secret@127.0.0.1:1/name")
    for command in make_commands(database, Pictures(database, tmp_path)):
        result = CliRunner().invoke(command, ["--yes"] if command.name == "db_reset" else [])
        assert result.exit_code == 1
        assert "Check DATABASE_URL" in result.output
        assert "Traceback" not in result.output
    database.close()
