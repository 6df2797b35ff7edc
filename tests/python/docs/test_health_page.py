"""docs/health.md: its examples run, and its table is that of the events there are."""

from __future__ import annotations

import re
import textwrap

import pytest

import webhookcore as wh
from support.pages import DOCS

PAGE = (DOCS / "health.md").read_text()
SOURCES = DOCS.parent / "cpp" / "webhookcore" / "core" / "operational_event.h"


def test_the_examples_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    client = wh.Client("sqlite:///webhooks.db")
    names = {
        "wh": wh,
        "client": client,
        "url": "https://example.com/hook",
        "secret": wh.generate_secret(),
    }
    names["endpoint"] = client.endpoints.create(names["url"], events=["*"])
    blocks = re.findall(r"^( *)```python\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 7
    opened = [client]
    for _, code in blocks:
        exec(compile(textwrap.dedent(code), "health.md", "exec"), names)
        if names["client"] is not opened[-1]:
            opened.append(names["client"])
    for each in opened:
        each.close()
    assert "closed" in capsys.readouterr().out


@pytest.mark.parametrize("type", re.findall(r'= "([a-z_]+\.[a-z_]+)"', SOURCES.read_text()))
def test_every_type_of_event_has_its_row(type):
    assert re.search(rf"^\|.*`{re.escape(type)}`.*\|", PAGE, re.MULTILINE)
