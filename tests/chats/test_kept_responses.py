"""What is kept of responses: whose it is, how long it stays, how much of it there may be, in both kinds of database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from mom.chats import kept_responses
from mom.chats.kept_responses import Kept, KeptResponses, picture_id
from mom.chats.tables import Image, KeptResponse, User, new_id, now
from mom.errors import MessageTooLongError, NotFoundError
from mom.mixture.ports import Picture
from tests.chats.stage import another_person
from tests.scripted import png_of


@pytest.fixture
def kept(stage):
    return KeptResponses(stage.database, stage.pictures, 30)


@pytest.fixture
def add(stage, kept):
    def add(words: str, previous: str | None = None, *, owner=None, sent=None, drawn=(), goes_on_from=None) -> str:
        ids = {picture_id(owner or stage.owner, png): png for png in sent or ()}
        value = Kept(new_id(), previous, {"status": "completed"}, [{"in": words}], [{"out": words}], {*ids, *drawn})
        kept.add(owner or stage.owner, value, ids, previous or goes_on_from)
        return value.id

    return add


def age(stage, response_id: str, days: float) -> None:
    with stage.database.session() as session:
        session.execute(
            update(KeptResponse).where(KeptResponse.id == response_id).values(created_at=now() - timedelta(days=days))
        )
        session.execute(update(Image).values(created_at=now() - timedelta(days=days)))


def keep_drawing(stage) -> str:
    picture = Picture(png=png_of(), prompt="a fox", width=64, height=64, seed=1, steps=1, model="m")
    return stage.pictures.keep_drawing(stage.owner, None, picture, "a fox").id


def ids_kept(stage) -> set[str]:
    with stage.database.session() as session:
        return set(session.scalars(select(KeptResponse.id)))


def test_a_chain_is_read_from_its_beginning_in_one_query(stage, kept, add):
    last = None
    for number in range(50):
        last = add(str(number), last)
    statements = []
    event.listen(stage.database.engine, "after_cursor_execute", lambda *told: statements.append(told[2]))
    chain = kept.chain(stage.owner, last)
    assert [item["in"] for item in chain if "in" in item] == [str(number) for number in range(50)]
    assert chain[1] == {"out": "0"}
    assert len([statement for statement in statements if "SELECT" in statement]) == 1


def test_a_chain_is_read_no_further_than_a_conversation_may_go(stage, kept, add, monkeypatch):
    monkeypatch.setattr(kept_responses, "CHAIN_CHARS", 1_000)
    first = add("a" * 400)
    second = add("b", first)
    assert len(kept.chain(stage.owner, second)) == 4
    with pytest.raises(MessageTooLongError):
        kept.chain(stage.owner, add("c" * 200, second))


def test_a_circle_as_a_forged_backup_may_have_one_comes_to_an_end(stage, kept, add):
    first = add("a" * 100_000)
    second = add("b" * 100_000, first)
    with stage.database.session() as session:
        session.execute(update(KeptResponse).where(KeptResponse.id == first).values(previous_id=second))
    with pytest.raises(MessageTooLongError):
        kept.chain(stage.owner, second)


def test_a_gap_is_told(stage, kept, add):
    first = add("a")
    second = add("b", first)
    third = add("c", second)
    kept.delete(stage.owner, second)
    with pytest.raises(NotFoundError, match="One that it goes on from"):
        kept.chain(stage.owner, third)
    assert len(kept.chain(stage.owner, first)) == 2


def test_a_chain_leads_to_nobody_elses(stage, kept, add):
    stranger = another_person(stage.database)
    theirs = add("secret", owner=stranger)
    mine = add("a", theirs)
    with pytest.raises(NotFoundError):
        kept.chain(stage.owner, mine)
    assert kept.outputs(stage.owner, [theirs, mine]) == [{"out": "a"}]
    for action in (kept.read, kept.chain, kept.delete):
        with pytest.raises(NotFoundError) as of_another:
            action(stage.owner, theirs)
        with pytest.raises(NotFoundError) as of_nobody:
            action(stage.owner, "nowhere")
        assert of_another.value.as_json() == of_nobody.value.as_json()


@pytest.mark.parametrize("joined", ["previous", "goes_on_from"])
def test_what_is_gone_on_from_stays_as_long_as_it_is_used(stage, kept, add, joined):
    old, used = add("a"), add("b")
    newest = add("c", **{joined: used})
    age(stage, old, 31)
    age(stage, used, 31)
    assert kept.delete_old() == 1
    assert ids_kept(stage) == {used, newest}
    age(stage, newest, 31)
    assert kept.delete_old() == 1
    assert ids_kept(stage) == set()


def test_of_too_much_the_longest_unused_goes(stage, kept, add, monkeypatch):
    stranger = another_person(stage.database)
    theirs = add("x" * 900, owner=stranger)
    oldest, newer, newest = (add("x" * 100) for _ in range(3))
    used = add("y", oldest)
    age(stage, newer, 2)
    age(stage, newest, 1)
    age(stage, oldest, 3)
    monkeypatch.setattr(kept_responses, "MOST_BYTES", 2_000)
    assert kept.delete_old() == 0
    monkeypatch.setattr(kept_responses, "MOST_BYTES", 600)
    assert kept.delete_old() == 2  # another person's is measured by itself
    assert ids_kept(stage) == {oldest, used, newest}
    assert theirs not in ids_kept(stage)


def test_pictures_that_were_sent_go_with_the_last_that_has_them_and_what_was_drawn_stays(stage, kept, add):
    stage.answered("/image a ring")  # a chat's, which is not touched
    drawn = keep_drawing(stage)
    old = add("a", sent=[png_of(colour="red"), png_of(colour="blue")], drawn=[drawn])
    young = add("b", sent=[png_of(colour="blue")])
    age(stage, old, 31)
    kept.delete_old()
    left = {file.stem for file in stage.folder.glob("??/*.png")}
    assert picture_id(stage.owner, png_of(colour="blue")) in left
    assert picture_id(stage.owner, png_of(colour="red")) not in left
    assert drawn in left
    kept.delete(stage.owner, young)
    left = {file.stem for file in stage.folder.glob("??/*.png")}
    assert (len(left), drawn in left) == (2, True)


def test_a_picture_whose_response_is_on_its_way_is_left_alone(stage, kept, add):
    add("a", sent=[png_of()])
    with stage.database.session() as session:
        session.execute(update(KeptResponse).values(pictures=""))
    kept.delete_old()
    assert len(list(stage.folder.glob("??/*.png"))) == 1


def test_the_same_picture_of_two_people_is_each_ones_own(stage, add):
    stranger = another_person(stage.database)
    add("a", sent=[png_of()])
    add("b", sent=[png_of()], owner=stranger)
    for owner in (stage.owner, stranger):
        assert stage.pictures.read_png(owner, picture_id(owner, png_of())).startswith(b"\x89PNG")
    with pytest.raises(NotFoundError):
        stage.pictures.read_png(stranger, picture_id(stage.owner, png_of()))


def test_one_picture_that_is_sent_several_times_at_once_is_kept_once(stage, add):
    with ThreadPoolExecutor(4) as threads:
        responses = list(threads.map(lambda words: add(words, sent=[png_of()]), "abcd"))
    assert ids_kept(stage) == set(responses)
    assert len(list(stage.folder.glob("??/*.png"))) == 1


def test_a_person_who_is_deleted_takes_theirs_along(stage, add):
    stranger = another_person(stage.database)
    mine = add("a")
    add("b", owner=stranger)
    with stage.database.session() as session:
        session.delete(session.get(User, stranger))
    assert ids_kept(stage) == {mine}


def test_of_no_days_nothing_stays(stage, add):
    add("a")
    none = KeptResponses(stage.database, stage.pictures, 0)
    assert (none.keeps_any, none.delete_old(), ids_kept(stage)) == (False, 1, set())
