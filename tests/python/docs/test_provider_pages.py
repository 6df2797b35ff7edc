"""The pages about providers: their tables are the rows, and their prose keeps to them."""

from __future__ import annotations

import dataclasses
import inspect
import re

import provider_tables
import pytest

import webhookcore as wh
from support.pages import DOCS
from webhookcore.provider_rules import Body
from webhookcore.providers import PROVIDERS

FAMILIES = provider_tables.family_pages()
PAGES = [DOCS / "providers" / page for page in ("index.md", *FAMILIES)]


# ---- Tables --------------------------------------------------------------------------------


def test_every_provider_is_on_one_page_and_in_the_overview():
    on_pages = sorted(name for names in FAMILIES.values() for name in names)
    assert on_pages == sorted(wh.providers())
    lines = provider_tables.overview_table(FAMILIES).splitlines()[2:]
    assert [re.search(r"<br>`([^`]+)`", line)[1] for line in lines] == wh.providers()
    assert all(re.search(r"\| \[[^]]+\]\([\w-]+\.md\) \|", line) for line in lines)


def test_an_unconfirmed_provider_is_marked():
    tables = provider_tables.family_table(["standard", "calendly", "fal"])
    marks = [line.strip("| ").split(" | ")[-1] for line in tables.splitlines()[-3:]]
    assert marks == ["confirmed", "**unconfirmed**", "**unconfirmed**"]
    marked = provider_tables.overview_table(FAMILIES).count("**unconfirmed**")
    assert marked == sum(not row.confirmed for row in wh.providers(details=True))


def test_a_table_follows_a_row_of_providers(monkeypatch):
    before = provider_tables.family_table(["stripe"])
    changed = dataclasses.replace(
        PROVIDERS["stripe"], title="Streifen", id=(Body("other_id"),), evidence="D"
    )
    monkeypatch.setitem(PROVIDERS, "stripe", changed)
    after = provider_tables.family_table(["stripe"])
    expected = before.replace("Stripe<br>", "Streifen<br>").replace("body `id`", "body `other_id`")
    assert after == expected.replace("| confirmed |", "| **unconfirmed** |")
    assert "Streifen" in provider_tables.overview_table(FAMILIES)


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        ({"sig": "X-Other"}, "`Stripe-Signature`", "`X-Other`"),
        ({"tolerance": 60}, "±300 s", "±60 s"),
        ({"timestamp": "ms"}, "Unix s", "Unix ms"),
        ({"msg": "{body}{timestamp}"}, "`{timestamp}.{body}`", "`{body}{timestamp}`"),
        ({"enc": "b64"}, "; hex", "; base64"),
        ({"key": "hex"}, "| text |", "| hex |"),
        ({"alg": "hmac-sha512"}, "HMAC-SHA256", "HMAC-SHA512"),
        ({"accept": ["v2"]}, "v1=…", "v2=…"),
        ({"items": ";"}, "t=…,v1=…", "t=…;v1=…"),
    ],
)
def test_a_table_follows_a_row_of_signatures(monkeypatch, change, old, new):
    before = provider_tables.family_table(["stripe"])
    assert old in before
    changed = wh.scheme("stripe").replace(**change)
    monkeypatch.setattr(wh, "scheme", lambda name: changed)
    assert provider_tables.family_table(["stripe"]) == before.replace(old, new)


def test_every_provider_has_words_for_what_it_signs():
    for name in wh.providers():
        table = provider_tables.family_table([name])
        assert " |  | " not in table
        assert "``" not in table


# ---- Prose ---------------------------------------------------------------------------------


def test_no_page_names_a_provider_that_does_not_exist():
    named = re.compile(
        r'\{provider\}`([^`]+)`|(?:scheme|verified|verify)\(\s*"([^"]+)"|provider="([^"]+)"'
    )
    found = {
        name
        for page in (*PAGES, DOCS / "errors.md")
        for groups in named.findall(page.read_text())
        for name in groups
        if name
    }
    assert len(found) > 20
    assert found - {*wh.providers()} == set()


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.name)
def test_a_page_explains_refusals_by_reasons_that_exist(page):
    table = page.read_text().partition("## When it is refused")[2]
    reasons = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert len(reasons) >= 2
    assert {*reasons} <= {*wh.errors.HTTP_STATUS}


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.name)
def test_a_page_says_which_secret_and_what_is_signed(page):
    text = page.read_text()
    assert re.search(r"^## (?:The (?:secret|key)|The generic ones)", text, re.MULTILINE)
    assert re.search(r"[Ss]igned", text)
    assert "## Example" in text or page.name == "generic.md"


def test_the_page_of_schemes_has_every_keyword():
    signature = inspect.signature(wh.Scheme)
    table = dict(
        re.findall(
            r"^\| `(\w+)` \|.*\| ([^|]+) \|$",
            (DOCS / "providers/generic.md").read_text(),
            re.MULTILINE,
        )
    )
    keywords = {name: table[name] for name in signature.parameters}
    for name, parameter in signature.parameters.items():
        if parameter.default not in (inspect.Parameter.empty, None, (), ""):
            value = parameter.default
            text = f"{value:g}" if isinstance(value, float) else str(value)
            assert keywords[name] == f"`{text}`", name


def test_the_readme_counts_the_providers():
    readme = (DOCS.parent / "README.md").read_text()
    assert f"**{len(wh.providers())} providers**" in readme
