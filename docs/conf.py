"""Sphinx settings; `./dev docs` builds with warnings as errors."""

from importlib.metadata import version as installed_version

project = "webhookcore"
author = "The webhookcore authors"
copyright = "The webhookcore authors"
version = release = installed_version("webhookcore")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"

html_theme = "furo"
html_title = "webhookcore"
