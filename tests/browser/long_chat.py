"""A chat of many messages, stored without its having been talked."""

from pathlib import Path

from mom.chats.database import Database
from mom.chats.history import History
from mom.chats.tables import Chat, Message, Turn, Verdict, new_id
from tests.browser.scripted_mom import ScriptedMom

ESSAY = Path(__file__).with_name("essay.md").read_text(encoding="utf-8")


def store_long_chat(mom: ScriptedMom, messages: int, *, last: str, essay: str = ESSAY) -> str:
    """Store a chat of `messages`, questions and essays in turn; its last answer is `last`. Gives its id."""
    database = Database(f"sqlite:///{mom.data_dir / 'mom.sqlite3'}")
    owner_id = History(database).local_user_id()
    with database.session() as session:
        chat = Chat(id=new_id(), owner_id=owner_id, title="A long chat")
        session.add(chat)
        session.flush()
        parent_id = None
        for number in range(1, messages // 2 + 1):
            content = last if number == messages // 2 else essay
            question, answer, verdict, turn = _exchange(owner_id, chat.id, parent_id, f"Question {number}", content)
            session.add(question)
            session.flush()
            session.add(answer)
            session.flush()
            session.add_all([verdict, turn])
            parent_id = answer.id
        return chat.id


def _exchange(
    owner_id: str, chat_id: str, parent_id: str | None, words: str, content: str
) -> tuple[Message, Message, Verdict, Turn]:
    question = Message(id=new_id(), owner_id=owner_id, chat_id=chat_id, parent_id=parent_id, role="user", content=words)
    answer = Message(
        id=new_id(), owner_id=owner_id, chat_id=chat_id, parent_id=question.id, role="assistant", content=content
    )
    verdict = Verdict(
        owner_id=owner_id, message_id=answer.id, need="text", image_probability=0.02, decided_by="bert",
        took_ms=2.1, reason="reads like a question",
    )  # fmt: skip
    turn = Turn(
        owner_id=owner_id, chat_id=chat_id, question_id=question.id, message_id=answer.id, status="finished",
        models={"large_llm": "scripted-llm"}, finish_reason="stop", timings={"routed_ms": 2.1, "total_ms": 800.0},
    )  # fmt: skip
    return question, answer, verdict, turn
