"""Where operational events are sent to as messages."""

from __future__ import annotations

from typing import Final

# Endpoints of this tenant get them; Client(alerts=...) makes one.
ALERTS_TENANT: Final = "webhookcore.alerts"
ALERTS_UID: Final = "alerts"
