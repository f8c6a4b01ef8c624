import sys
from pathlib import Path

import httpx
import pytest

from mom.serving.program import Program

STAND_IN = Path(__file__).with_name("stand_in.py")


@pytest.fixture
async def http():
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
def stand_in():
    def make(name="stand_in", **config):
        return Program(name, (sys.executable, str(STAND_IN)), config)

    return make
