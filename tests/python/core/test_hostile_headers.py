"""Hostile headers: the exact reason for each, however the framework hands headers over."""

from __future__ import annotations

import pytest

import webhookcore as wh
from support.vectors import HostileRow, hostile_rows

ROWS = hostile_rows()

pytestmark = pytest.mark.filterwarnings("ignore")


def _as_pairs(row: HostileRow):
    return list(row.headers)


def _as_bytes(row: HostileRow):
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in row.headers]


def _as_dict(row: HostileRow):
    return dict(row.headers)


def _is_latin_1(row: HostileRow) -> bool:
    return all(ord(char) < 256 for header in row.headers for text in header for char in text)


def _fits_a_dict(row: HostileRow) -> bool:
    return len(dict(row.headers)) == len(row.headers)


def _shapes(row: HostileRow):
    yield pytest.param(row, _as_pairs, id=f"{row}-pairs")
    if _is_latin_1(row):
        yield pytest.param(row, _as_bytes, id=f"{row}-bytes")
    if _fits_a_dict(row):
        yield pytest.param(row, _as_dict, id=f"{row}-dict")


every_shape = pytest.mark.parametrize(
    ("row", "shape"), [param for row in ROWS for param in _shapes(row)]
)


@every_shape
def test_verify_gives_exactly_the_reason_of_the_row(row, shape):
    """Any exception but the typed one fails here, which is half of the point."""
    verdict = "ok"
    try:
        event = wh.verify(
            row.provider, body=row.body, headers=shape(row), secrets=[row.secret], now=row.now
        )
    except wh.VerificationError as refusal:
        verdict = refusal.reason
    except wh.ConfigError:
        verdict = "bad_secret"
    else:
        assert event.body == row.body
    assert verdict == row.expect, row.why


@every_shape
def test_a_kept_verifier_gives_exactly_the_reason_of_the_row(row, shape):
    if row.expect == "bad_secret":
        with pytest.raises(wh.ConfigError):
            wh.Verifier(row.provider, secrets=[row.secret])
        return
    verifier = wh.Verifier(row.provider, secrets=[row.secret])
    if row.expect == "ok":
        assert verifier.verify(row.body, shape(row), now=row.now).body == row.body
        return
    with pytest.raises(wh.VerificationError) as refusal:
        verifier.verify(row.body, shape(row), now=row.now)
    assert refusal.value.reason == row.expect, row.why


def test_no_row_was_lost():
    assert len(ROWS) == 149
