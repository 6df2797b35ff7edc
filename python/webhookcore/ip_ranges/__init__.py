"""Where providers say that their webhooks come from: presets of allow-lists.

The lists of Stripe and GitHub as they were on a day are shipped; ``webhookcore ip-ranges refresh``
writes today's to a file, which ``WEBHOOKCORE_IP_RANGES`` names.
"""

from .fetch import ADDRESSES, fetch_preset
from .presets import (
    PATH_VARIABLE,
    Preset,
    gone,
    preset,
    preset_names,
    read_presets,
    write_presets,
)

__all__ = [
    "ADDRESSES",
    "PATH_VARIABLE",
    "Preset",
    "fetch_preset",
    "gone",
    "preset",
    "preset_names",
    "read_presets",
    "write_presets",
]
