"""The page: one file of HTML around the chat component that Vite builds into `static/chat`."""

from pathlib import Path

from flask import current_app, render_template, url_for

BUILT_FILES = ("chat.js", "chat.css")
FONTS = ("instrument-sans", "newsreader")
"""Those that the first screen is set in; asked for with the page, they come before its words are drawn."""


def show_chat(chat_id: str | None = None) -> tuple[str, int]:
    """The chat; a link to one chat shows the same page, which reads its own address.

    What it will ask for first is named at once: by the time the script runs, a long chat has been read already.
    """
    folder = Path(str(current_app.static_folder)) / "chat"
    if not all((folder / name).is_file() for name in BUILT_FILES):
        return render_template("not_built.html"), 503
    script, style = (_link(folder, name) for name in BUILT_FILES)
    fonts = [url_for("static", filename=f"chat/fonts/{name}-latin-wght-normal.woff2") for name in FONTS]
    chat = url_for("web.GET-read_chat", chat_id=chat_id) if chat_id else None
    return render_template("chat.html", script=script, style=style, fonts=fonts, chat=chat), 200


def _link(folder: Path, name: str) -> str:
    """The file's address, another one after each build: its name has no hash, as Flask has to know it."""
    changed = (folder / name).stat().st_mtime_ns
    return url_for("static", filename=f"chat/{name}", v=f"{changed:x}")
