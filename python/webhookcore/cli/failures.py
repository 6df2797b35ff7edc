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


class Text(click.types.StringParamType):
    """Text that can be stored, sent and printed.

    What was no UTF-8 on the command line or in the environment reaches Python as
    surrogates, which raise wherever the text is used.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(super().convert(value, param, ctx))
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            self.fail("is not UTF-8", param, ctx)  # Not repeated: it may be a secret.
        return text


class LooseText(click.types.StringParamType):
    """Text that may be any bytes: a file's name, or a body."""


class Commands(click.Group):
    """The top group; whatever a command raises ends here, and what is no text is refused."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        _refuse_surrogates(cmd)
        super().add_command(cmd, name)

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


def _refuse_surrogates(command: click.Command) -> None:
    """Every parameter of plain text becomes a ``Text``, those of subcommands too."""
    for parameter in command.params:
        if parameter.type is click.STRING:
            parameter.type = Text()
    if isinstance(command, click.Group):
        for part in command.commands.values():
            _refuse_surrogates(part)


def _show_warning(message: Warning | str, *where: Any, **more: Any) -> None:
    del where, more  # A line of our own source says nothing to whoever gave the option.
    complain(f"warning: {message}")


def complain(text: str) -> None:
    """One line on standard error."""
    click.echo(f"webhookcore: {shown(text)}", err=True)
