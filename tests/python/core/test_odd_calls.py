"""Calls that once ended the process end in an error, or go on."""

from __future__ import annotations

import pytest

import webhookcore as wh

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize("tolerance", ["300", [], 10**400])
def test_a_tolerance_that_is_no_number_of_seconds_is_refused(tolerance):
    with pytest.raises(wh.ConfigError, match="tolerance"):
        wh.Verifier("standard", [SECRET], tolerance=tolerance)


@pytest.mark.parametrize("odd", [{"url": b"/\xff"}, {"method": b"\xff"}, {"method": "\ud800"}])
def test_a_url_or_method_that_is_no_text_is_a_refusal_with_a_hint(odd):
    with pytest.raises(wh.VerificationError) as caught:
        wh.verify("standard", body=b"x", headers={}, secrets=[SECRET], **odd)
    assert caught.value.reason == "missing_header"
    assert caught.value.hint


def test_a_verifier_that_its_own_headers_close_still_finishes_the_call():
    verifier = wh.Verifier("standard", [SECRET])
    headers = wh.sign("standard", body=b"{}", secret=SECRET, id="m")

    class Closing:
        def items(self):
            verifier.close()
            return list(headers.items())

    assert verifier.verify(b"{}", Closing()).id == "m"
    with pytest.raises(wh.ConfigError, match="closed"):
        verifier.verify(b"{}", headers)
