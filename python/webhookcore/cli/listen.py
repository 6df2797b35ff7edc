"""``webhookcore listen``."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import IO, Any, Final

import click

from ..errors import ConfigError
from ..exchange import HttpResponse
from ..testing import Listener, ListenSource, Recording, WebhookServer
from ..testing.listener import provider_fetches_keys
from ..testing.recordings import source_of_test
from ..urls import UrlPolicy
from .failures import FAILED, LooseText, complain
from .options import json_option, policy_options, read_number
from .output import coloured, print_json, shown
from .own_hosts import policy_for
from .replay import replay_file
from .secrets import ENVIRONMENT, needed_secrets, read_secret, secret_option
from .told_secrets import ToldSecrets

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_SHOWN_BODY: Final = 2000
_MOST_BODY: Final = 16 * 1024 * 1024
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@click.command()
@click.argument("numbers", metavar="[N]...", nargs=-1, type=click.IntRange(min=1))
@click.option("--provider", help="Who sends to any path.")
@secret_option(several=True)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="NAME=PROVIDER[=SECRET]",
    help="Who sends to the path that ends in NAME; SECRET as for --secret. Repeatable.",
)
@click.option(
    "--verify-token",
    metavar="@FILE|env:NAME|VALUE",
    help="What was entered at Meta beside the URL, to answer its first GET.",
)
@click.option(
    "--secret-to",
    type=LooseText(),
    metavar="FILE",
    help="Where to write the secret that Asana or Notion tells at first; one that is there is used.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8787, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--forward-to", metavar="URL", help="An app that gets each request, byte for byte.")
@click.option("--public-url", metavar="URL", help="Scheme and host that providers sign.")
@click.option("--record", type=LooseText(), metavar="FILE", help="Append each as a JSON line.")
@click.option(
    "--save-tests", type=LooseText(), metavar="DIR", help="Write a pytest case for each valid one."
)
@click.option("--body", "with_body", is_flag=True, help="Show bodies and headers.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many.")
@click.option("--replay", type=LooseText(), metavar="FILE", help="Send recorded ones, all or N….")
@click.option("--to", "target", metavar="URL", help="With --replay: where to.")
@click.option("--timeout", type=float, default=30.0, show_default=True, callback=read_number)
@policy_options
@json_option
@click.pass_context
def listen(
    context: click.Context,
    numbers: tuple[int, ...],
    provider: str | None,
    given: tuple[str, ...],
    sources: tuple[str, ...],
    verify_token: str | None,
    secret_to: str | None,
    port: int,
    host: str,
    forward_to: str | None,
    public_url: str | None,
    record: str | None,
    save_tests: str | None,
    with_body: bool,
    count: int | None,
    replay: str | None,
    target: str | None,
    timeout: float,
    policy: UrlPolicy,
    as_json: bool,
) -> None:
    """Show each request that arrives, whether its signature is right, and if not, why.

    A table for people on a terminal, JSON lines elsewhere. Ctrl-C ends it. Values of Authorization, Cookie and headers that are a secret are neither
    shown nor recorded; they are forwarded.
    """
    if replay is not None:
        if target is None:
            raise click.UsageError("give --to URL with --replay")
        secrets = [read_secret(text) for text in given]
        if not replay_file(
            replay, numbers, target, secrets, policy_for(target, policy), timeout, as_json
        ):
            context.exit(FAILED)
        return
    if numbers or target is not None:
        raise click.UsageError("N and --to go with --replay")
    told = ToldSecrets(verify_token, secret_to)
    known = [told.complete(source) for source in _sources(provider, given, sources, told)]
    told.check()
    with _output(record, save_tests, with_body, as_json or not sys.stdout.isatty()) as output:
        listener = Listener(
            known,
            output.tell,
            forward_to=forward_to,
            policy=policy_for(forward_to or "", policy),
            public_url=public_url,
            timeout=timeout,
        )
        _serve(listener, output, host, port, count)


def _sources(
    provider: str | None, given: tuple[str, ...], sources: tuple[str, ...], told: ToldSecrets
) -> list[ListenSource]:
    found = []
    for text in sources:
        name, equals, rest = text.partition("=")
        whose, own, secret = rest.partition("=")
        if not equals or not name or not whose:
            # Not repeated: it may hold a secret.
            raise click.BadParameter("must be like stripe=stripe", param_hint="--source")
        secrets = [read_secret(secret)] if own else _shared(whose, given, told)
        found.append(ListenSource(name, whose, secrets))
    if provider is not None:
        found.append(ListenSource("*", provider, _shared(provider, given, told)))
    elif given and not sources:
        raise click.UsageError("--secret goes with --provider or --source")
    return found


def _shared(provider: str, given: tuple[str, ...], told: ToldSecrets) -> list[str]:
    if told.awaits(provider):
        return []
    if not given and not os.environ.get(ENVIRONMENT) and provider_fetches_keys(provider):
        return []
    return needed_secrets(given)


def _serve(listener: Listener, output: _Output, host: str, port: int, count: int | None) -> None:
    asked: SimpleQueue[None] = SimpleQueue()

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        asked.put(None)

    output.stop_after(count, lambda: asked.put(None))
    try:
        server = WebhookServer(listener, host=host, port=port, max_body=_MOST_BODY, keep=0)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error}", "port") from None
    before = {one: signal.signal(one, stop) for one in _SIGNALS}
    try:
        if host not in _LOOPBACK:
            complain("warning: others can reach this; what they send is shown and recorded")
        complain(f"listening on {server.base_url}; Ctrl-C ends it")
        asked.get()
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        server.close()
        listener.close()


class _Output:
    """Prints and writes one arrival at a time, whatever thread it comes on."""

    def __init__(
        self, file: IO[str] | None, folder: Path | None, with_body: bool, as_json: bool
    ) -> None:
        self._file, self._folder = file, folder
        self._with_body, self._as_json = with_body, as_json
        self._lock = threading.Lock()
        self._left: int | None = None
        self._done: Any = None

    def stop_after(self, count: int | None, done: Any) -> None:
        self._left, self._done = count, done

    def tell(self, recording: Recording, response: HttpResponse) -> None:
        with self._lock:
            if self._left is not None and self._left <= 0:
                return
            try:
                self._tell(recording, response)
            except BrokenPipeError:  # The reader left (`| head`); nobody is told any more.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                self._left = 1
            except OSError as error:  # The terminal or the disk: the sender is still answered.
                complain(str(error))
            if self._left is not None:
                self._left -= 1
                if self._left == 0:
                    self._done()

    def _tell(self, recording: Recording, response: HttpResponse) -> None:
        told = recording.as_json()
        if self._as_json:
            print_json(told)
        else:
            self._print(recording, response)
        if self._file is not None:
            self._file.write(json.dumps(told, ensure_ascii=True) + "\n")
            self._file.flush()
        if self._folder is not None and recording.verified:
            path = _save(self._folder, recording)
            if path is not None:
                complain(f"saved {path}")

    def _print(self, recording: Recording, response: HttpResponse) -> None:
        moment = recording.as_json()["at"][11:19]
        who = recording.source if recording.source not in (None, "*") else recording.provider
        parts = [moment, recording.method, recording.path, who, recording.type, recording.id]
        line = "  ".join(shown(part) for part in parts if part)
        mark, colour = _VERDICTS[recording.verified]
        verdict = mark if recording.verified is not False else f"{mark}: {recording.reason}"
        answer = f"{response.status} {_word_of(response)}".rstrip()
        click.echo(f"{line}  {coloured(verdict, colour)}  -> {answer}")
        if recording.hint:
            click.echo(f"    {shown(recording.hint)}")
        if self._with_body:
            for name, value in recording.headers:
                click.echo(f"    {shown(name)}: {shown(value)}")
            click.echo(f"    {shown(recording.body[:_SHOWN_BODY])}")


_VERDICTS: Final = {
    True: ("valid", "green"),
    False: ("refused", "red"),
    None: ("unverified", "yellow"),
}


def _word_of(response: HttpResponse) -> str:
    """Such as ``duplicate``, where the answer says one."""
    try:
        told = json.loads(response.body[:_SHOWN_BODY])
    except (ValueError, RecursionError):
        return ""
    word = told.get("status") if isinstance(told, dict) else None
    return shown(word)[:40] if isinstance(word, str) else ""


@contextmanager
def _output(
    record: str | None, save_tests: str | None, with_body: bool, as_json: bool
) -> Iterator[_Output]:
    folder = None if save_tests is None else Path(save_tests)
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        file = None if record is None else _open(record)
    except (OSError, ValueError) as error:
        raise ConfigError(str(error), "save_tests" if record is None else "record") from None
    try:
        yield _Output(file, folder, with_body, as_json)
    finally:
        if file is not None:
            file.close()


def _open(path: str) -> IO[str]:
    """To append to. Bodies may hold what is nobody else's business: for the owner alone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "a", encoding="ascii")


def _save(folder: Path, recording: Recording) -> Path | None:
    """A file of a name that is not there yet; None where no test can be made of it."""
    try:
        name, text = source_of_test(recording)
    except ConfigError as error:
        complain(str(error))
        return None
    for number in range(1, 10_000):
        path = folder / (f"test_{name[:80]}.py" if number == 1 else f"test_{name[:80]}_{number}.py")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            continue
        return path
    return None
