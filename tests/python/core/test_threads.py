"""One Verifier serves many threads, and lets them run while it hashes a large body."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import webhookcore as wh
from support.senders import SENDERS, TEXT_SECRET, Sender, sender


def _verdict(verifier: wh.Verifier, one: Sender, body: bytes, headers, now: int) -> str:
    try:
        event = verifier.verify(body, headers, url=one.url, now=now)
    except wh.VerificationError as refusal:
        return refusal.reason
    return "ok" if event.body == body and event.matched_secret == 1 else "wrong event"


@pytest.mark.parametrize("one", SENDERS, ids=str)
def test_a_shared_verifier_gives_each_of_8_threads_the_right_verdicts(one: Sender, now):
    verifier = wh.Verifier(one.provider, secrets=[one.other_secret, one.secret])
    good = one.headers(now=now)
    cases = [
        ("ok", one.body, good),
        ("signature_mismatch", one.body + b"&x=1", good),
        ("missing_header", one.body, {"Content-Type": one.content_type}),
        ("duplicate_header", one.body, [*good.items()] * 2),
    ]
    start = threading.Barrier(8)

    def work(offset: int) -> list[tuple[str, str]]:
        start.wait(timeout=30)
        verdicts = []
        for turn in range(200):
            expected, body, headers = cases[(turn + offset) % len(cases)]
            verdicts.append((expected, _verdict(verifier, one, body, headers, now)))
        return verdicts

    with ThreadPoolExecutor(8) as pool:
        for verdicts in pool.map(work, range(8)):
            assert [pair for pair in verdicts if pair[0] != pair[1]] == []


@pytest.fixture
def progress():
    """Counts the turns of a thread that gives the interpreter back after each of them.

    With a switch interval far longer than the test nobody is made to let go of the
    interpreter: the count moves during a call only if that call releases it.
    """
    turns = [0]
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            turns[0] += 1
            time.sleep(0)  # Gives the interpreter back.

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    yield lambda: turns[0]
    stop.set()
    thread.join(timeout=30)
    sys.setswitchinterval(interval)
    assert not thread.is_alive()


def _progress_during(calls: int, body: bytes, now: int, progress) -> int:
    one = sender("stripe")
    verifier = wh.Verifier("stripe", secrets=[TEXT_SECRET])
    headers = wh.sign("stripe", body=body, secret=TEXT_SECRET, timestamp=now)
    verify = verifier.verify
    verify(one.body, one.headers(now=now), now=now)  # Whatever is lazy has happened.
    before = progress()
    for _ in range(calls):
        verify(body, headers, now=now)
    return progress() - before


def test_a_large_body_is_hashed_without_holding_the_interpreter(now, progress):
    assert _progress_during(1, bytes(8 << 20), now, progress) > 0


def test_a_small_body_is_not_worth_letting_go(now, progress):
    """Below 4 KB letting go costs more than the hash (performance.md section 1)."""
    assert _progress_during(50_000, bytes(256), now, progress) == 0
