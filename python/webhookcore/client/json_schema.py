"""JSON Schema through the package ``jsonschema``, an extra. It fetches nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from ..errors import ConfigError

Check: TypeAlias = Callable[[Any], None]

_LONGEST_TEXT: Final = 200
# One of each type that JSON has.
_SAMPLES: Final[tuple[Any, ...]] = (None, True, 1, "a", [], {})


def compile_schema(schema: Any, type: str) -> Check:
    """A function that raises ConfigError for data that does not fit.

    It takes what ``json.loads()`` gives. The field of its error is the place in the data, or
    ``schema`` where that is at fault.

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
    except Exception as error:  # noqa: BLE001  # Of what a schema may be, more than it says.
        raise ConfigError(f"cannot be read: {_named(error)}", "schema") from None
    # A registry of its own: by default a $ref to a URL would be fetched, past every guard.
    validator = jsonschema.Draft202012Validator(schema, registry=referencing.Registry())

    def check(data: Any) -> None:
        try:
            error = jsonschema.exceptions.best_match(validator.iter_errors(data))
        except referencing.exceptions.Unresolvable as unresolved:
            raise _unresolved(unresolved, type) from None
        except Exception as failed:  # noqa: BLE001  # RecursionError, OverflowError, re.error …
            raise ConfigError(
                f"of {type} cannot be applied to this data: {_named(failed)}", "schema"
            ) from None
        if error is not None:
            place = "data" + error.json_path.removeprefix("$")
            raise ConfigError(f"does not fit the schema of {type}: {_short(error.message)}", place)

    return check


def try_schema(schema: Any, type: str) -> None:
    """Finds what would only be found when something is sent.

    Raises:
        ConfigError: As ``compile_schema()``; a reference leads nowhere, or to itself; a
            pattern is no regular expression.
    """
    check = compile_schema(schema, type)
    _check_references(schema, type)
    for sample in _SAMPLES:
        _try_sample(check, sample)


def _try_sample(check: Check, sample: Any) -> None:
    try:
        check(sample)
    except ConfigError as error:
        if error.field == "schema":  # Otherwise the sample does not fit, which is no fault.
            raise


def _check_references(schema: Any, type: str) -> None:
    import referencing  # noqa: PLC0415
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415

    def walk(resource: Any, resolver: Any) -> None:
        if isinstance(resource.contents, Mapping):
            _check_patterns(resource.contents)
            for keyword in ("$ref", "$dynamicRef"):
                if keyword in resource.contents:
                    resolver.lookup(resource.contents[keyword])
        for inner in resource.subresources():
            walk(inner, resolver.in_subresource(inner))

    root = DRAFT202012.create_resource(schema)
    try:
        walk(root, referencing.Registry().resolver_with_root(root))
    except referencing.exceptions.Unresolvable as unresolved:
        raise _unresolved(unresolved, type) from None
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001
        raise ConfigError(
            f"has a reference that cannot be read: {_named(error)}", "schema"
        ) from None


def _check_patterns(schema: Mapping[str, Any]) -> None:
    for pattern in schema.get("patternProperties", ()):
        _check_pattern(pattern)
    if "pattern" in schema:
        _check_pattern(schema["pattern"])


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigError(
            f"the pattern {_short(pattern)!r} cannot be used: {error}", "schema"
        ) from None


def _unresolved(error: Any, type: str) -> ConfigError:
    return ConfigError(
        f"of {type} refers to {_short(str(error.ref))!r}, which is not in it", "schema"
    )


def _named(error: Exception) -> str:
    return _short(f"{error.__class__.__name__}: {error}")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
