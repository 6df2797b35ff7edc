"""The presets, as they were shipped or as a file of one's own has them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from .. import _core
from ..errors import ConfigError

PATH_VARIABLE: Final = "WEBHOOKCORE_IP_RANGES"

_SHIPPED: Final = Path(__file__).with_name("shipped.json")
_MOST_NETWORKS: Final = 2000
# No provider has more: a list with a wider one is wrong, or somebody's attempt.
_WIDEST: Final = {4: 8, 16: 16}


@dataclass(frozen=True, slots=True)
class Preset:
    """The networks of one provider.

    Attributes:
        as_of: The day on which they were so, in ISO form.
        source: The URL that they were fetched from.
    """

    name: str
    as_of: str
    source: str
    networks: tuple[str, ...]

    def days_old(self, today: date) -> int:
        return (today - date.fromisoformat(self.as_of)).days


def preset_names() -> list[str]:
    """Of all presets, those of one's own file too."""
    return sorted(_presets())


def preset(name: str) -> Preset:
    """The preset of that name: the one of ``WEBHOOKCORE_IP_RANGES``, else the shipped one.

    Raises:
        ConfigError: There is none, or the file cannot be read.
    """
    known = _presets()
    if name not in known:
        raise ConfigError(f"must be one of {', '.join(sorted(known))}", "preset")
    return known[name]


def read_presets(path: Path) -> dict[str, Preset]:
    """What is in a file of ``write_presets()``.

    Raises:
        ConfigError: It is none.
    """
    return _read(path, "file")


def gone(before: Preset, now: Preset) -> list[str]:
    """The networks of a preset of which the new one no longer has the first address."""
    kept = _core.AddressSet(list(now.networks))
    firsts = {network: network.partition("/")[0] for network in before.networks}
    return [
        network
        for network, first in firsts.items()
        if not kept.contains(_core.read_address(first) or b"")
    ]


def write_presets(path: Path, presets: Mapping[str, Preset]) -> None:
    """Write the file as a whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    rows = {name: asdict(presets[name]) for name in sorted(presets)}
    for row in rows.values():
        del row["name"]
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(rows, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(0o644)  # Of no use to anybody if only its writer reads it.
        Path(beside).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise


def check_networks(field: str, networks: Any) -> tuple[str, ...]:
    """Raises ConfigError for what is no list of networks that one provider may have."""
    if not isinstance(networks, list) or not 1 <= len(networks) <= _MOST_NETWORKS:
        raise ConfigError(f"must be a list of 1 to {_MOST_NETWORKS} networks", field)
    for position, network in enumerate(networks):
        name = f"{field}[{position}]"
        # IPv4 in IPv6 clothes would hide how wide it is.
        if not isinstance(network, str) or not network.isascii() or "::ffff:" in network.lower():
            raise ConfigError("is no network", name)
        try:
            _core.AddressSet([network])
        except ConfigError as error:
            raise ConfigError(str(error), name) from None
        address, slash, length = network.partition("/")
        widest = _WIDEST[16 if ":" in address else 4]
        if slash and int(length) < widest:
            raise ConfigError(f"is wider than /{widest}, which no provider has", name)
    return tuple(networks)


def _presets() -> dict[str, Preset]:
    found = _read(_SHIPPED, "shipped.json")
    own = os.environ.get(PATH_VARIABLE, "")
    return found | _read(Path(own), PATH_VARIABLE) if own else found


def _read(path: Path, field: str) -> dict[str, Preset]:
    try:
        rows = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", field) from None
    if not isinstance(rows, dict):
        raise ConfigError(f"{path} is no file of ip-ranges refresh", field)
    return {name: _read_row(name, row, field) for name, row in rows.items()}


def _read_row(name: str, row: Any, field: str) -> Preset:
    try:
        as_of, source = row["as_of"], row["source"]
        date.fromisoformat(as_of)
        networks = row["networks"]
    except (KeyError, TypeError, ValueError):
        raise ConfigError(f"its row {name!r} needs as_of, source and networks", field) from None
    return Preset(name, as_of, str(source), check_networks(f"{field}.{name}", networks))
