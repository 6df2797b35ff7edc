"""The ``webhookcore`` command, one module for each verb.

Exit codes: 0 done, 1 refused or failed, 2 a wrong option or configuration, 130 Ctrl-C.
"""

from __future__ import annotations

import click

from .. import __version__
from .dead_letters import dead_letters
from .deliveries import deliveries
from .doctor import doctor
from .endpoints import endpoints
from .event_types import event_types
from .failures import Commands
from .inbox import inbox
from .ip_ranges import ip_ranges
from .keys import keys
from .listen import listen
from .messages import messages
from .operations import operations
from .prune import prune
from .reconcile import reconcile
from .send import send
from .sign import sign
from .tail import tail
from .tenants import tenants
from .trigger import trigger
from .verify import verify
from .worker import worker


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="webhookcore")
def main() -> None:
    """Receive webhooks verified, send them signed and retried.

    Exit codes: 0 done, 1 refused or failed, 2 a wrong option or configuration.
    """


for _command in (
    send,
    verify,
    sign,
    trigger,
    listen,
    inbox,
    reconcile,
    tail,
    keys,
    endpoints,
    event_types,
    messages,
    deliveries,
    dead_letters,
    operations,
    tenants,
    worker,
    prune,
    ip_ranges,
    doctor,
):
    main.add_command(_command)

__all__ = ["main"]
