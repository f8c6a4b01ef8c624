"""Files that belong to no picture are deleted, unless another database may know them."""

import io

import pytest

from mom.chats.backup import write_backup
from mom.chats.commands import reset
from mom.chats.database import Database
from mom.chats.history import History
from mom.chats.pictures import Pictures
from mom.chats.restoring import read_archive, restore
from mom.mixture.ports import Picture
from tests.scripted import png_of


def test_files_that_belong_to_no_picture_are_deleted_and_no_others(stage):
    [kept] = stage.message(stage.answered("/image a ring"))["images"]
    stage.pictures.read_thumbnail(stage.owner, kept["id"])
    (stage.folder / "ab").mkdir(exist_ok=True)
    for name in ("abc.png", "abc.webp", "x.unfinished", "notes.txt"):
        (stage.folder / "ab" / name).write_bytes(b"x")
    assert stage.pictures.delete_orphans() == 0  # they are young
    assert stage.pictures.delete_orphans(older_than_s=-60) == 3
    left = {path.name for path in stage.folder.glob("??/*")}
    assert left == {f"{kept['id']}.png", f"{kept['id']}.webp", "notes.txt"}


def test_another_databases_pictures_are_left_alone(stage, tmp_path):
    [kept] = stage.message(stage.answered("/image a ring"))["images"]
    assert stage.pictures.delete_orphans(older_than_s=-60) == 0
    other = Database(f"sqlite:///{tmp_path / 'for-a-while.sqlite3'}")
    other.upgrade()
    owner, for_a_while = History(other).local_user_id(), Pictures(other, stage.folder)
    assert for_a_while.delete_orphans(older_than_s=-60) == 0
    for_a_while.keep_drawing(
        owner, None, Picture(png=png_of(), prompt="a star", width=64, height=64, seed=1, steps=1, model="sd"), "a star"
    )
    assert for_a_while.delete_orphans(older_than_s=-60) == 0
    other.close()
    assert stage.pictures.read_png(stage.owner, kept["id"])
    assert stage.pictures.delete_orphans(older_than_s=-60) == 1  # the star


@pytest.fixture
def copy(stage, tmp_path):
    """The database as it was when it had drawn one ring, beside it and with the same folder for pictures."""
    stage.answered("/image a ring")
    stage.pictures.delete_orphans()
    path = tmp_path / "copy.sqlite3"
    file = io.BytesIO()
    write_backup(stage.database, stage.pictures, file)
    tmp_path.joinpath("ring.tar.gz").write_bytes(file.getvalue())
    copy = Database(f"sqlite:///{path}")
    restore(read_archive(tmp_path / "ring.tar.gz", copy), copy, Pictures(copy, tmp_path / "elsewhere"), replace=False)
    yield copy, Pictures(copy, stage.folder)
    copy.close()


def test_a_copy_of_the_database_does_not_clean_away_what_was_drawn_since(stage, copy, caplog):
    _, pictures = copy
    [star] = stage.message(stage.answered("/image a star"))["images"]
    assert pictures.delete_orphans(older_than_s=-60) == 0
    assert "delete the file belongs_to there" in caplog.text
    assert stage.pictures.read_png(stage.owner, star["id"])
    assert stage.pictures.delete_orphans(older_than_s=-60) == 0
    (stage.folder / "belongs_to").unlink()  # as the copy is told
    assert pictures.delete_orphans(older_than_s=-60) == 1


def test_a_reset_of_a_copy_leaves_the_pictures_of_both_alone(stage, copy):
    [star] = stage.message(stage.answered("/image a star"))["images"]
    assert reset(*copy) == 2
    assert stage.pictures.read_png(stage.owner, star["id"])
    assert len(list(stage.folder.rglob("*.png"))) == 2


def test_a_data_folder_that_was_moved_is_cleaned_as_before(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    for data in (old, new):
        if data is new:
            old.rename(new)
        database = Database(f"sqlite:///{data / 'mom.sqlite3'}")
        database.upgrade()
        History(database).local_user_id()
        pictures = Pictures(database, data / "pictures")
        assert pictures.delete_orphans(older_than_s=-60) == 0
        (data / "pictures/ab").mkdir(exist_ok=True)
        (data / "pictures/ab/abc.png").write_bytes(b"x")
        assert pictures.delete_orphans(older_than_s=-60) == 1
        database.close()


def test_a_mark_without_the_databases_place_is_its_own(stage):
    stage.answered("/image a ring")
    (stage.folder / "belongs_to").write_text(stage.owner)
    (stage.folder / "ab").mkdir()
    (stage.folder / "ab/abc.png").write_bytes(b"x")
    assert stage.pictures.delete_orphans(older_than_s=-60) == 1
    assert (stage.folder / "belongs_to").read_text().startswith(f"{stage.owner}\n")


def test_a_folder_of_unknown_pictures_is_not_cleaned_for_a_new_database(stage):
    (stage.folder / "ab").mkdir(parents=True)
    (stage.folder / "ab/abc.png").write_bytes(b"x")
    assert stage.pictures.delete_orphans(older_than_s=-60) == 0


def test_after_a_reset_the_folder_is_cleaned_for_the_new_person(stage):
    for _ in range(2):
        assert stage.pictures.delete_orphans(older_than_s=-60) == 0
        (stage.folder / "ab").mkdir(exist_ok=True)
        (stage.folder / "ab/abc.png").write_bytes(b"x")
        assert stage.pictures.delete_orphans(older_than_s=-60) == 1
        reset(stage.database, stage.pictures)


def test_a_reset_of_another_database_leaves_these_pictures_alone(stage, tmp_path):
    [kept] = stage.message(stage.answered("/image a ring"))["images"]
    stage.pictures.delete_orphans()
    other = Database(f"sqlite:///{tmp_path / 'for-a-while.sqlite3'}")
    for_a_while = Pictures(other, stage.folder)
    assert reset(other, for_a_while) == 1  # one without tables
    star = for_a_while.keep_drawing(
        History(other).local_user_id(), None,
        Picture(png=png_of(), prompt="a star", width=64, height=64, seed=1, steps=1, model="sd"), "a star",
    )  # fmt: skip
    assert reset(other, for_a_while) == 1
    other.close()
    assert not list(stage.folder.rglob(f"{star.id}.png"))
    assert stage.pictures.read_png(stage.owner, kept["id"])
    assert stage.pictures.delete_orphans(older_than_s=-60) == 0
    assert reset(stage.database, stage.pictures) == 0
    assert not list(stage.folder.rglob("*.png"))


def test_at_the_very_first_start_nothing_is_said(tmp_path, caplog):
    database = Database(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    database.upgrade()
    assert Pictures(database, tmp_path / "pictures").delete_orphans(older_than_s=-60) == 0
    database.close()
    assert not caplog.records
