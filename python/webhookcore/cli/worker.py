"""``webhookcore worker``."""

from __future__ import annotations

import importlib
import json
import logging
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import Any, Final, TypeAlias

import click

from ..client import Client
from ..config import Retention, check_seconds
from ..errors import ConfigError, WebhookError
from ..receiver import Receiver
from ..urls import UrlPolicy
from .failures import complain
from .options import json_option, open_client, policy_options, read_number
from .output import shown

Target: TypeAlias = Client | Receiver

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
# What a log record has of its own; the rest is what a caller put into `extra`.
_RECORD_FIELDS: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


@click.command()
@click.argument("targets", metavar="[MODULE:NAME]...", nargs=-1)
@click.option(
    "--db",
    metavar="URL",
    envvar="WEBHOOKCORE_DATABASE_URL",
    show_envvar=True,
    help="Deliver the messages of this store; it is made when there is none.",
)
@click.option(
    "--drain",
    type=float,
    default=10.0,
    show_default=True,
    callback=read_number,
    help="Seconds that what is under way may take after the first signal.",
)
@policy_options
@json_option
def worker(
    targets: tuple[str, ...], db: str | None, drain: float, policy: UrlPolicy, as_json: bool
) -> None:
    """Deliver messages, and handle received events, until SIGTERM or SIGINT.

    MODULE:NAME is a Receiver, whose stored events are handled here, or a Client, whose
    messages are delivered with its own options. The first signal ends the work under way,
    a second one exits at once.
    """
    check_seconds("drain", drain, 0, 3600)
    if not targets and not db:
        raise click.UsageError("give --db, or a target such as app:receiver")
    _log_to_standard_error(as_json)
    with ExitStack() as opened:
        work: list[Target] = [load_target(target) for target in targets]
        if db:
            work.append(
                opened.enter_context(
                    open_client(db, policy=policy, create=True, retention=Retention())
                )
            )
        _run(work, drain)


def load_target(target: str) -> Target:
    """The receiver or client that ``module:name`` means.

    Raises:
        ConfigError: There is none, or its module cannot be imported.
    """
    module_name, colon, path = target.partition(":")
    if not module_name or not colon or not path:
        raise ConfigError("must be like app:receiver", "target")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module_name)
        for name in path.split("."):
            found = getattr(found, name)
    except WebhookError:
        raise
    except Exception as error:
        # A module may raise anything; the command's user is told in one line.
        raise ConfigError(f"{target}: {type(error).__name__}: {error}", "target") from error
    if not isinstance(found, (Client, Receiver)):
        raise ConfigError(f"{target} is a {type(found).__name__}, no Receiver or Client", "target")
    return found


def _run(work: list[Target], drain: float) -> None:
    # Its put() may come in the middle of anything, a write to standard error or a wait for this
    # very queue; neither a stream nor a threading.Event can take that.
    asked: SimpleQueue[int] = SimpleQueue()

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        # From now on the kernel itself ends the process, whatever a drain waits for.
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_DFL)
        asked.put(number)

    for number in _SIGNALS:
        signal.signal(number, stop)
    complain("working; SIGTERM or Ctrl-C stops")
    for target in work:
        target.start()
    name = signal.Signals(asked.get()).name
    complain(f"{name}: finishing what is under way; again to exit now")
    # All at once, or the drains of several would add up.
    with ThreadPoolExecutor(len(work)) as pool:
        for stopped in pool.map(lambda target: target.stop(drain), work):
            if stopped is False:
                complain(f"a handler was still running after {drain:g} s; its event will run again")


def _log_to_standard_error(as_json: bool) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(
        _JsonLines() if as_json else _Lines("%(asctime)s %(levelname)s %(message)s")
    )
    logger = logging.getLogger("webhookcore")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


class _Lines(logging.Formatter):
    """One line a record; a traceback of a user's handler follows in lines of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return shown(super().formatMessage(record))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        extra = {name: value for name, value in vars(record).items() if name not in _RECORD_FIELDS}
        line.update(extra)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=repr)
