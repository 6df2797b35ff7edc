"""JSON Schema through the package ``jsonschema``, an extra. It fetches nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from ..errors import ConfigError

Check: TypeAlias = Callable[[Any], None]

_LONGEST_TEXT: Final = 200


def compile_schema(schema: Any, type: str) -> Check:
    """A function that raises ConfigError for data that does not fit.

    Raises:
        ConfigError: The schema is none, or the package is not installed.
    """
    try:
        import jsonschema  # noqa: PLC0415  # An extra.
        import referencing  # noqa: PLC0415
    except ImportError:
        raise ConfigError(
            "needs the package jsonschema: pip install 'webhookcore[schema]'", "schema"
        ) from None
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ConfigError(f"is no JSON Schema: {_short(error.message)}", "schema") from None
    # A registry of its own: by default a $ref to a URL would be fetched, past every guard.
    validator = jsonschema.Draft202012Validator(schema, registry=referencing.Registry())

    def check(data: Any) -> None:
        try:
            error = jsonschema.exceptions.best_match(validator.iter_errors(data))
        except referencing.exceptions.Unresolvable as unresolved:
            raise ConfigError(
                f"of {type} refers to {_short(str(unresolved.ref))}, which is not in it", "schema"
            ) from None
        if error is not None:
            place = "data" + error.json_path.removeprefix("$")
            raise ConfigError(f"does not fit the schema of {type}: {_short(error.message)}", place)

    return check


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
