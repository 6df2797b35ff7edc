"""Published signatures, and their mutations, get the verdict that the vectors demand."""

from __future__ import annotations

import pytest

import webhookcore as wh
from support.vectors import SignatureRow, signature_rows

MADE = signature_rows("made_signatures.jsonl")
ROWS = [*signature_rows(), *MADE]

# Published keys are often short; the library is right to warn about them.
pytestmark = pytest.mark.filterwarnings("ignore")


def _rows(*expectations: str):
    rows = [row for row in ROWS if row.expect in expectations]
    assert rows, expectations
    return pytest.mark.parametrize("row", rows, ids=str)


def _verify(row: SignatureRow) -> wh.Event:
    return wh.verify(
        row.scheme,
        body=row.body,
        headers=row.headers,
        secrets=list(row.secrets),
        url=row.url,
        method=row.method,
        now=row.now,
        tolerance=row.tolerance,
    )


def _keep(row: SignatureRow) -> wh.Verifier:
    return wh.Verifier(row.scheme, secrets=list(row.secrets), tolerance=row.tolerance)


def _verify_kept(row: SignatureRow) -> wh.Event:
    return _keep(row).verify(row.body, row.headers, url=row.url, method=row.method, now=row.now)


both_paths = pytest.mark.parametrize("verify", [_verify, _verify_kept], ids=["verify", "Verifier"])


@both_paths
@_rows("ok")
def test_a_genuine_request_is_accepted_with_its_exact_body(row, verify):
    event = verify(row)
    assert event.body == row.body
    assert event.provider.startswith(row.provider)
    assert 0 <= event.matched_secret < len(row.secrets)


@both_paths
@_rows("refused")
def test_a_bad_request_is_refused_for_one_of_the_listed_reasons(row, verify):
    with pytest.raises(wh.VerificationError) as refusal:
        verify(row)
    assert refusal.value.reason in row.reasons


@_rows("config_error")
def test_a_bad_key_is_refused_where_it_is_configured(row):
    with pytest.raises(wh.ConfigError):
        _keep(row)
    with pytest.raises(wh.ConfigError):
        _verify(row)


@both_paths
@_rows("either")
def test_a_disputed_request_is_accepted_or_refused_for_a_listed_reason(row, verify):
    try:
        reason = "ok" if verify(row).body == row.body else "another body"
    except wh.VerificationError as refusal:
        reason = refusal.reason
    assert reason in {"ok", *row.reasons}


def test_every_published_row_is_here():
    assert len(ROWS) - len(MADE) == 266
    assert len({row.provider for row in ROWS if row not in MADE}) == 50


def test_what_nobody_has_published_is_made_by_other_code_than_ours():
    assert len({row.provider for row in MADE}) == 29
    speechless = {"convoy-advanced", "jws-es256"}  # Theirs have other names.
    generic = {name for name in wh.providers() if name.startswith("generic")}
    families = {"clerk", "brex", "replicate", "recall"}  # Svix, under the names of its users.
    spoken_of = {row.provider for row in ROWS}
    assert set(wh.providers()) - spoken_of <= speechless | generic | families
