"""The documentation's sources, and the module that makes its tables."""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"

sys.path.insert(0, str(DOCS / "_ext"))
