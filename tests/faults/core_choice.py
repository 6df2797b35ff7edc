"""Which build of the C++ module a process runs: the installed one, or a mutant.

Imported before webhookcore by every program here that can be run against a mutant.
"""

from __future__ import annotations

import importlib.util
import os
import sys

VARIABLE = "WEBHOOKCORE_FAULTS_CORE"


def use_chosen_core() -> None:
    """Load the module file that the environment names, under the name that the package asks for."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    spec = importlib.util.spec_from_file_location("webhookcore._core", path)
    assert spec is not None, path
    assert spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    sys.modules["webhookcore._core"] = module
    spec.loader.exec_module(module)


use_chosen_core()
