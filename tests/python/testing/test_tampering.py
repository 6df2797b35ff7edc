"""Whatever `tamper()` does to a sample, no receiver takes it."""

from __future__ import annotations

import pytest

import webhookcore as wh
from webhookcore import testing

NOW = 1_700_000_000.0
REASONS = {
    "body": {"signature_mismatch", "body_mismatch"},
    "old": {"timestamp_too_old"},
    "early": {"timestamp_too_new"},
    "secret": {"signature_mismatch"},
    "no-header": {"missing_header", "malformed_body"},
    "two-headers": {"duplicate_header", "malformed_header"},
    "reserialised": {"signature_mismatch", "body_mismatch"},
}
SEVEN = ("standard", "svix", "stripe", "github", "shopify", "slack", "generic")


def tampered(request, how):
    """None where the provider's signature cannot tell."""
    try:
        return testing.tamper(request, how)
    except wh.ConfigError:
        return None


@pytest.mark.parametrize("how", testing.TAMPERINGS)
@pytest.mark.parametrize("name", wh.providers())
def test_a_tampered_sample_is_refused_or_cannot_be_made(name, how):
    request = testing.sample(name, at=NOW)
    wrong = tampered(request, how)
    if wrong is None:
        assert how not in ("secret", "no-header")
        return
    with pytest.raises(wh.VerificationError) as refused:
        testing.verified(wrong)
    assert refused.value.reason in REASONS.get(how, {refused.value.reason})


@pytest.mark.parametrize("name", SEVEN)
def test_for_the_well_known_almost_everything_can_be_wrong(name):
    request = testing.sample(name)
    for how in testing.TAMPERINGS:
        if how in ("old", "early") and not wh.scheme(name).describe()["timestamp"]:
            continue
        assert testing.tamper(request, how) != request


def test_the_hint_says_what_happened():
    request = testing.tamper(testing.sample("stripe"), "reserialised")
    with pytest.raises(wh.VerificationError) as refused:
        testing.verified(request)
    assert "re-serialised" in refused.value.hint


@pytest.mark.parametrize("how", ["", "Body", None, ["body"]])
def test_a_word_that_is_none_is_refused(how):
    with pytest.raises(wh.ConfigError, match="one of body, old"):
        testing.tamper(testing.sample("stripe"), how)


def test_only_samples_can_be_tampered_with():
    with pytest.raises(wh.ConfigError, match="what sample\\(\\) gave"):
        testing.tamper(wh.HttpRequest("POST", "/", {}, b""), "body")


@pytest.mark.parametrize(
    ("provider", "body", "how"),
    [("linear", b"x", "old"), ("linear", b"[]", "old"), ("github", b"[" * 10**5, "reserialised")],
)
def test_a_body_of_ones_own_that_is_no_json_cannot_be_moved_or_written_again(provider, body, how):
    with pytest.raises(wh.ConfigError) as refused:
        testing.tamper(testing.sample(provider, body=body), how)
    assert refused.value.field == "how"
