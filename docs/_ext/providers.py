"""What the pages about providers may say beside Markdown.

``{provider-table} stripe workos`` is what the rows of those two hold today, so that no table
can say something else than the code does. ``{provider-overview}`` is the table of all, and
``{provider}`` in a sentence is a provider's name that has to exist.
"""
# ruff: noqa: INP001  # Sphinx finds it by the path that conf.py gives.

from __future__ import annotations

import provider_tables
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

import webhookcore
from webhookcore import provider_rows, provider_rules
from webhookcore.providers import PROVIDERS


class _Table(SphinxDirective):
    """Parses Markdown that was made just now; the page must be read again when a row changes."""

    def parse(self, text: str) -> list[nodes.Node]:
        for source in (provider_rows, provider_rules, provider_tables, webhookcore._core):
            self.env.note_dependency(str(source.__file__))
        parent = nodes.container(classes=["provider-table"])
        lines = StringList(text.splitlines(), self.get_source_info()[0])
        self.state.nested_parse(lines, self.content_offset, parent)
        return [parent]


class ProviderTable(_Table):
    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        names = self.arguments[0].split()
        unknown = [name for name in names if name not in PROVIDERS]
        if unknown:
            raise self.error(f"no provider is called {', '.join(unknown)}")
        return self.parse(provider_tables.family_table(names))


class ProviderOverview(_Table):
    def run(self) -> list[nodes.Node]:
        pages = provider_tables.family_pages()
        for page in pages:
            self.env.note_dependency(str(provider_tables.PAGES / page))
        return self.parse(provider_tables.overview_table(pages))


class ProviderName(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        if self.text in PROVIDERS:
            return [nodes.literal(self.text, self.text)], []
        message = self.inliner.reporter.error(f"no provider is called {self.text}")
        return [], [message]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("provider-table", ProviderTable)
    app.add_directive("provider-overview", ProviderOverview)
    app.add_role("provider", ProviderName())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
