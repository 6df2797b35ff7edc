"""Errors as one line and an exit code, never a traceback."""

from __future__ import annotations

import errno
import warnings
from typing import Any, Final

import click

from ..errors import BlockedAddressError, ConfigError, InvalidUrlError, WebhookError
from .output import shown

FAILED: Final = 1
MISUSED: Final = 2
_INTERRUPTED: Final = 130  # 128 and SIGINT, as shells do.
_MISUSES: Final = (ConfigError, InvalidUrlError, BlockedAddressError)


class Commands(click.Group):
    """The top group; whatever a command raises ends here."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                return super().invoke(ctx)
        except WebhookError as error:
            complain(str(error))
            ctx.exit(MISUSED if isinstance(error, _MISUSES) else FAILED)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # The reader left (`| head`), which click ends quietly.
            complain(str(error))
            ctx.exit(FAILED)
        except KeyboardInterrupt:
            ctx.exit(_INTERRUPTED)


def _show_warning(message: Warning | str, *where: Any, **more: Any) -> None:
    del where, more  # A line of our own source says nothing to whoever gave the option.
    complain(f"warning: {message}")


def complain(text: str) -> None:
    """One line on standard error."""
    click.echo(f"webhookcore: {shown(text)}", err=True)
