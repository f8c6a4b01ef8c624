"""A page's view of MoM: Flask's test client, and a real server where connections matter."""

import pytest

from mom.app import create_app
from mom.web.loop_thread import LoopThread
from mom.web.services import services
from tests.scripted import ScriptedParts
from tests.web.site import models_of, running_site, settings_in


@pytest.fixture
def parts():
    return ScriptedParts()


@pytest.fixture
def app(tmp_path, parts):
    """The application over an empty database; turns run in a loop of their own."""
    thread = LoopThread()
    app = create_app(settings_in(tmp_path), loop=thread.loop, models=models_of(parts))
    services(app).history.database.upgrade()
    yield app
    import asyncio

    asyncio.run_coroutine_threadsafe(services(app).turns.close(), thread.loop).result()
    services(app).history.database.close()
    thread.close()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def site(tmp_path, parts):
    with running_site(tmp_path, parts) as site:
        yield site
