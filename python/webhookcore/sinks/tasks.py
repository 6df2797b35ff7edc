"""Task queues: they get the id of the stored event, and their worker reads it again.

Nothing of theirs is imported: what is given is called as they are called by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ConfigError
from .hand_off import HandOff


class CeleryTask:
    """A Celery task with one argument, the event's id in the inbox.

    Args:
        options: For ``apply_async()``, such as ``queue`` or ``priority``.
    """

    def __init__(self, task: Any, **options: Any) -> None:
        if not callable(getattr(task, "apply_async", None)):
            raise ConfigError("must be a Celery task", "task")
        self._task = task
        # Celery's own waiting would hold a place of the worker; the receiver tries again.
        self._options = {"retry": False, **options}

    def put(self, hand_off: HandOff) -> Any:
        sent = self._task.apply_async(args=(hand_off.inbox_id,), **self._options)
        return {"task_id": str(getattr(sent, "id", ""))}

    def __repr__(self) -> str:
        return f"<CeleryTask {getattr(self._task, 'name', '')}>"


class DramatiqActor:
    """A Dramatiq actor with one argument, the event's id in the inbox.

    Args:
        options: For ``send_with_options()``, such as ``delay``.
    """

    def __init__(self, actor: Any, **options: Any) -> None:
        if not callable(getattr(actor, "send_with_options", None)):
            raise ConfigError("must be a Dramatiq actor", "actor")
        self._actor = actor
        self._options = options

    def put(self, hand_off: HandOff) -> Any:
        sent = self._actor.send_with_options(args=(hand_off.inbox_id,), **self._options)
        return {"message_id": str(getattr(sent, "message_id", ""))}

    def __repr__(self) -> str:
        return f"<DramatiqActor {getattr(self._actor, 'actor_name', '')}>"


class RQQueue:
    """An RQ queue, and the function that its worker runs with the event's id in the inbox.

    Args:
        function: Or its dotted name, for processes that cannot import it.
        options: For ``enqueue_call()``, such as ``timeout`` or ``retry``.
    """

    def __init__(self, queue: Any, function: Callable[[str], Any] | str, **options: Any) -> None:
        if not callable(getattr(queue, "enqueue_call", None)):
            raise ConfigError("must be an RQ queue", "queue")
        if not callable(function) and not isinstance(function, str):
            raise ConfigError("must be a function or its dotted name", "function")
        self._queue = queue
        self._function = function
        self._options: Mapping[str, Any] = options

    def put(self, hand_off: HandOff) -> Any:
        meta = {"dedup_id": hand_off.dedup_id, **(self._options.get("meta") or {})}
        job = self._queue.enqueue_call(
            self._function, args=(hand_off.inbox_id,), **{**self._options, "meta": meta}
        )
        return {"job_id": str(getattr(job, "id", ""))}

    def __repr__(self) -> str:
        return f"<RQQueue {getattr(self._queue, 'name', '')}>"
