"""Waiting for a state, with a deadline."""

import asyncio
import time

import psutil

DEADLINE_S = 60


def has_ended(pid):
    """Is the process gone, or a zombie that only waits for its parent?"""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(claim, what="the state", deadline_s=DEADLINE_S):
    end = time.monotonic() + deadline_s
    while not (result := claim()):
        assert time.monotonic() < end, f"waited {deadline_s} s for {what}"
        time.sleep(0.02)
    return result


async def until(claim, what="the state", deadline_s=DEADLINE_S):
    end = time.monotonic() + deadline_s
    while not (result := claim()):
        assert time.monotonic() < end, f"waited {deadline_s} s for {what}"
        await asyncio.sleep(0.02)
    return result
