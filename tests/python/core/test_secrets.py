"""Secrets: refused when they cannot be keys, generated in the standard forms, never shown."""

from __future__ import annotations

import base64
import gc
import pickle
import sys
import traceback
import warnings
from pathlib import Path

import pytest

import webhookcore as wh
from support.senders import SENDERS, Sender, canonical, encoded_secret, sender

PACKAGE = Path(wh.__file__).parent
SECRETS = {one.provider: one.secret for one in SENDERS}
TEXT_PROVIDERS = [one.provider for one in SENDERS if one.provider not in {"standard", "svix"}]


def refused_everywhere(provider: str, secrets: list) -> None:
    with pytest.raises(wh.ConfigError):
        wh.Verifier(provider, secrets=secrets)
    with pytest.raises(wh.ConfigError):
        wh.verify(provider, body=b"", headers={}, secrets=secrets)
    with pytest.raises(wh.ConfigError):
        wh.verify(provider, body=b"", headers={}, secrets=lambda: secrets)


@pytest.mark.parametrize("provider", SECRETS)
@pytest.mark.parametrize("blank", ["", " ", "\t\n", b"", b"  "])
def test_a_blank_secret_is_refused_where_it_is_configured(provider, blank):
    refused_everywhere(provider, [blank])
    refused_everywhere(provider, [SECRETS[provider], blank])
    with pytest.raises(wh.ConfigError):
        wh.sign(provider, body=b"", secret=blank, id="m", url="https://example.com/")


@pytest.mark.parametrize("provider", SECRETS)
def test_no_secret_at_all_is_refused_where_it_is_configured(provider):
    refused_everywhere(provider, [])


@pytest.mark.parametrize("provider", ["standard", "svix"])
@pytest.mark.parametrize(
    "secret",
    [
        "whsec_",
        "whsec_%",
        "whsec_AAECAwQFBgcICQoLDA0O",  # 15 bytes.
        "whsec_" + "A" * 43 + "!",
        "whsec_ AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "whsec_\ud800" + "A" * 40,
        "whpk_AAAA",
        "whsk_AAAA",
        b"whsec_\xff\xfe",
    ],
)
def test_an_encoded_secret_must_decode_to_16_bytes_at_least(provider, secret):
    refused_everywhere(provider, [secret])


def test_a_key_pair_whose_halves_do_not_belong_together_is_refused():
    one = base64.b64decode(wh.generate_keypair()[0].removeprefix("whsk_"))
    other = base64.b64decode(wh.generate_keypair()[0].removeprefix("whsk_"))
    mixed = "whsk_" + base64.b64encode(one[:32] + other[32:]).decode()
    refused_everywhere("standard", [mixed])


@pytest.mark.parametrize("secrets", ["whsec_text_alone", b"bytes alone", None, 7, [7], [None]])
def test_something_that_is_no_list_of_secrets_is_refused(secrets):
    with pytest.raises((wh.ConfigError, TypeError)):
        wh.Verifier("stripe", secrets=secrets)


@pytest.mark.parametrize("provider", TEXT_PROVIDERS)
def test_a_short_text_secret_works_and_is_warned_about(provider, caplog):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        wh.Verifier(provider, secrets=["abc"])
    told = [str(warning.message) for warning in caught] + caplog.messages
    assert told
    assert all("abc" not in text for text in told)


@pytest.mark.parametrize("provider", TEXT_PROVIDERS)
def test_a_text_secret_of_usual_length_is_not_warned_about(provider, caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wh.Verifier(provider, secrets=[SECRETS[provider]])
    assert caplog.messages == []


def test_a_generated_secret_is_32_fresh_random_bytes():
    secrets = {wh.generate_secret() for _ in range(100)}
    assert len(secrets) == 100
    for secret in secrets:
        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    wh.Verifier("standard", secrets=list(secrets))


def test_a_generated_pair_is_a_seed_with_its_public_half():
    private, public = wh.generate_keypair()
    assert wh.generate_keypair()[0] != private
    assert private.startswith("whsk_")
    assert public.startswith("whpk_")
    seed_and_public = base64.b64decode(private.removeprefix("whsk_"), validate=True)
    assert len(seed_and_public) == 64
    assert seed_and_public[32:] == base64.b64decode(public.removeprefix("whpk_"), validate=True)


def test_a_public_key_is_never_a_shared_secret(now):
    """Anyone may know it: an HMAC made with its bytes must not pass."""
    _, public = wh.generate_keypair()
    as_secret = "whsec_" + public.removeprefix("whpk_")
    headers = wh.sign("standard", body=b"{}", secret=as_secret, id="m", timestamp=now)
    with pytest.raises(wh.VerificationError) as refusal:
        wh.verify("standard", body=b"{}", headers=headers, secrets=[public], now=now)
    assert refusal.value.reason == "unsupported_version"


def traces(secret: str, signature: str = "") -> list[str]:
    """Forms in which the secret or the expected signature could show."""
    forms = [secret, secret.removeprefix("whsec_"), repr(secret.encode())[2:-1]]
    if secret in {encoded_secret(1), encoded_secret(2)}:
        raw = base64.b64decode(secret.removeprefix("whsec_"))
        forms += [raw.hex(), repr(raw)[2:-1]]
    if signature:
        forms.append(signature)
    return forms


def assert_silent(text: str, forms: list[str]) -> None:
    for form in forms:
        assert form not in text


def expected_signature(one: Sender, now: int) -> str:
    headers = canonical(one.headers(now=now))
    values = [v for k, v in headers.items() if "Sign" in k or "Hmac" in k]
    return values[0].split("=", 1)[-1].rsplit(",", 1)[-1].rsplit("v1=", 1)[-1]


@pytest.mark.parametrize("one", SENDERS, ids=str)
def test_a_refusal_never_shows_the_secret_or_the_right_signature(one: Sender, now):
    forms = traces(one.secret, expected_signature(one, now))
    wrong = one.headers(now=now, secret=one.other_secret)
    with pytest.raises(wh.VerificationError) as caught:
        one.verify(wrong, now=now)
    error = caught.value
    for text in (str(error), repr(error), error.hint, repr(vars(error)), repr(error.args)):
        assert_silent(text, forms)
    assert_silent(repr(_pickled(error)), forms)


def _pickled(thing) -> bytes:
    try:
        return pickle.dumps(thing)
    except (TypeError, pickle.PicklingError):
        return b""


@pytest.mark.parametrize("one", SENDERS, ids=str)
def test_a_verifier_never_shows_its_secrets(one: Sender, now):
    for secrets in ([one.secret], lambda: [one.secret]):
        verifier = wh.Verifier(one.provider, secrets=secrets)
        event = verifier.verify(one.body, one.headers(now=now), url=one.url, now=now)
        for thing in (verifier, event):
            assert_silent(repr(thing) + str(thing), traces(one.secret))
            assert_silent(repr(_pickled(thing)), traces(one.secret))


# The secrets below stand in module variables: frames of the tests themselves do not hold them.
GOOD = SECRETS["stripe"]
BAD_FORM = "whsec_%%" + "not-base64-but-secret"


def _library_locals(error: BaseException) -> str:
    """What a crash reporter would show of the library's own frames."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    reports = [report, report.__cause__, report.__context__]
    shown = [
        str(frame.locals)
        for one in reports
        if one
        for frame in one.stack
        if Path(frame.filename).is_relative_to(PACKAGE)
    ]
    return "\n".join([*shown, *report.format_exception_only()])


GIVEN_AWAY = {
    "verify": (lambda: wh.verify("stripe", body=b"", headers={}, secrets=[GOOD]), GOOD),
    "verify, callable": (
        lambda: wh.verify("stripe", body=b"", headers={}, secrets=lambda: [GOOD]),
        GOOD,
    ),
    "verify, bad key": (
        lambda: wh.verify("standard", body=b"", headers={}, secrets=[BAD_FORM]),
        BAD_FORM,
    ),
    "verify, bad option": (
        lambda: wh.verify("stripe", body=b"", headers={}, secrets=[GOOD], tolerance=0),
        GOOD,
    ),
    "Verifier": (lambda: wh.Verifier("stripe", secrets=[GOOD]).verify(b"", {}), GOOD),
    "Verifier, callable": (
        lambda: wh.Verifier("stripe", secrets=lambda: [GOOD]).verify(b"", {}),
        GOOD,
    ),
    "Verifier, bad key": (lambda: wh.Verifier("standard", secrets=[BAD_FORM]), BAD_FORM),
    "Verifier, no list": (lambda: wh.Verifier("stripe", secrets=GOOD), GOOD),
    "Verifier, unknown provider": (lambda: wh.Verifier("strype", secrets=[GOOD]), GOOD),
    "sign, bad key": (lambda: wh.sign("standard", body=b"", secret=BAD_FORM, id="m"), BAD_FORM),
    "sign, one bad key": (
        lambda: wh.sign("stripe", body=b"", secret=[GOOD, " "], id="m"),
        GOOD,
    ),
    "sign, no URL": (lambda: wh.sign("twilio", body=b"", secret=GOOD), GOOD),
}


@pytest.mark.parametrize(("call", "secret"), GIVEN_AWAY.values(), ids=GIVEN_AWAY)
def test_a_traceback_with_locals_never_shows_a_secret(call, secret):
    with pytest.raises(wh.WebhookError) as caught:
        call()
    assert_silent(_library_locals(caught.value), traces(secret))


def test_a_secret_list_may_be_changed_by_its_owner_afterwards(now):
    secrets = [encoded_secret(1)]
    verifier = wh.Verifier("standard", secrets=secrets)
    secrets.clear()
    gc.collect()
    one = sender("standard")
    assert verifier.verify(one.body, one.headers(now=now), now=now).matched_secret == 0


def test_a_callable_is_asked_again_so_that_a_secret_manager_can_rotate(now):
    current = [SECRETS["stripe"]]
    one = sender("stripe")
    verifier = wh.Verifier("stripe", secrets=lambda: list(current))
    assert verifier.verify(one.body, one.headers(now=now), now=now)
    current[:] = [one.other_secret]
    rotated = one.headers(now=now, secret=one.other_secret)
    assert verifier.verify(one.body, rotated, now=now)
    with pytest.raises(wh.VerificationError):
        verifier.verify(one.body, one.headers(now=now), now=now)


def test_providers_are_listed_with_and_without_details():
    names = wh.providers()
    assert set(SECRETS) <= set(names)
    assert all(isinstance(name, str) for name in names)
    assert len(set(names)) == len(names)
    details = wh.providers(details=True)
    assert {row.name for row in details} == set(names)


def test_a_callable_that_exits_is_an_error_and_no_end_of_the_server():
    given = [["whsec_of_a_test_0123456789"]]
    verifier = wh.Verifier("stripe", lambda: given.pop() if given else sys.exit("no configuration"))
    with pytest.raises(wh.ConfigError, match="no configuration") as caught:
        verifier.verify(b"{}", {})
    assert caught.value.field == "secrets"
