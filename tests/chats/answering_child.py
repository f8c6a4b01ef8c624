"""A process that is killed in mid-answer: `python -m tests.chats.answering_child DATABASE_URL FOLDER`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from mom.chats.answering import SAVE_EVERY_S
from mom.chats.database import Database
from tests.chats.stage import Stage, loop_in_a_thread
from tests.scripted import Gate, ScriptedLanguageModel

if __name__ == "__main__":
    url, folder = sys.argv[1:]
    with loop_in_a_thread() as loop:
        stage = Stage(Database(url), Path(folder), loop, save_every_s=SAVE_EVERY_S)
        stage.parts.large_llm = ScriptedLanguageModel(["What was ", "shown.", Gate()])
        print(json.dumps({"owner": stage.owner, "chat": stage.chat} | asdict(stage.ask("hello"))), flush=True)
        stage.events(stage.ask("a question that holds this process up to its end"))
