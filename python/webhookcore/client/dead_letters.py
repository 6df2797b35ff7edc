"""``client.dead_letters``: deliveries that were given up, one by one and many at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ..config import check_moment, check_whole, id_named, rate_per_second
from ..errors import ConfigError, NotFoundError, StoreBusyError
from ..store import HIGHEST_KEY, Listing
from .deliveries import filters_of, times_of
from .rows import Delivery, Endpoint, delivery_key, now_ms, shown_moment, shown_time
from .tenants import ANY_TENANT

if TYPE_CHECKING:
    from .client import Client

# Rows that are looked at in one transaction: a few milliseconds.
_BATCH: Final = 200
_JOB_PREFIX: Final = "rpl_"
_JOB_ID: Final = re.compile(rf"{_JOB_PREFIX}([0-9]{{1,19}})")


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """One ``replay_many()`` or ``recover()``, under way or done.

    Attributes:
        state: ``"running"`` or ``"done"``.
        matched: Dead letters that matched when it began.
        replayed: Dead letters put back so far.
        missed: Deliveries made so far for what was sent while the endpoint was disabled.
        rate: Per second; None: all are due at once.
        filters: What it was asked for.
    """

    id: str
    state: str
    matched: int
    replayed: int
    missed: int
    rate: float | None
    filters: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> ReplayJob:
        filters: dict[str, Any] = {
            "endpoint": row["endpoint_id"],
            "type": row["type"],
            "error": row["error"],
            "since": shown_time(row["since"]),
            "until": shown_time(row["until"]),
            "limit": row["most"],
        }
        filters = {name: value for name, value in filters.items() if value is not None}
        if not row["any_tenant"]:
            filters["tenant"] = row["tenant"]
        return cls(
            id=f"{_JOB_PREFIX}{row['key']}",
            state=row["state"],
            matched=row["matched"],
            replayed=row["replayed"],
            missed=row["missed"],
            rate=row["per_second"],
            filters=filters,
            created_at=shown_moment(row["created_at"]),
            updated_at=shown_moment(row["updated_at"]),
        )


class DeadLetters:
    """Deliveries that were given up.

    The filters are the same everywhere: ``tenant`` (omitted: all tenants; None: the scope
    without one), ``endpoint``, ``type``, ``error`` (a class as ``last_error`` shows it), and
    ``since`` and ``until``, which compare with the time of death.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(
        self,
        *,
        tenant: str | None = ANY_TENANT,
        endpoint: str | Endpoint | None = None,
        type: str | None = None,
        error: str | None = None,
        since: datetime | float | None = None,
        until: datetime | float | None = None,
        cursor: int | None = None,
        limit: int | None = None,
    ) -> Listing[Delivery]:
        """Newest first."""
        return self._client.deliveries.list(
            tenant=tenant,
            state="dead",
            endpoint=endpoint,
            type=type,
            error=error,
            since=since,
            until=until,
            cursor=cursor,
            limit=limit,
        )

    def get(self, id: str | Delivery, *, tenant: str | None = ANY_TENANT) -> Delivery:
        """Raises NotFoundError when there is none, it is another tenant's, or it is not dead."""
        delivery = self._client.deliveries.get(id, tenant=tenant)
        if delivery.state != "dead":
            raise NotFoundError(f"delivery {delivery.id} is {delivery.state}, no dead letter")
        return delivery

    def replay(
        self, id: str | Delivery, *, force: bool = False, tenant: str | None = ANY_TENANT
    ) -> Delivery:
        """See ``deliveries.replay``."""
        return self._client.deliveries.replay(id, force=force, tenant=tenant)

    def replay_many(
        self,
        *,
        tenant: str | None = ANY_TENANT,
        endpoint: str | Endpoint | None = None,
        type: str | None = None,
        error: str | None = None,
        since: datetime | float | None = None,
        until: datetime | float | None = None,
        limit: int | None = None,
        rate: str | None = None,
        dry_run: bool = False,
    ) -> int:
        """Put back all that match: the same message ids, fresh attempt budgets.

        The oldest first, in small transactions. What is put back is due at once, or one after
        the other at ``rate``. When this process is killed in the middle, ``resume()`` or the
        next process that delivers goes on where it was, and replays nothing twice; ``jobs()``
        shows how far it is. Letters that die meanwhile, whose endpoint is gone, or that were
        delivered once, are left alone.

        Args:
            limit: At most so many.
            rate: Such as ``"50/s"``.
            dry_run: Only count them.

        Returns:
            How many were put back.
        """
        request = self._filters(tenant, endpoint, type, error, since, until)
        if limit is not None:
            request["most"] = check_whole("limit", limit, 1, HIGHEST_KEY)
        return self._replay(request, rate, dry_run)

    def resume(self) -> int:
        """Go on with replays that whoever began them left in the middle; to their end.

        Returns:
            How many deliveries this call put back. What another process works is left to it.
        """
        count = 0
        for job in self.jobs(state="running"):
            # Worked by somebody else, or done and pruned.
            with suppress(StoreBusyError, NotFoundError):
                count += self._work(_job_key(job.id)) - job.replayed - job.missed
        return count

    def jobs(
        self,
        *,
        state: str | None = None,
        cursor: int | None = None,
        limit: int | None = None,
    ) -> Listing[ReplayJob]:
        """Replays of many, newest first; ``state`` is ``"running"`` or ``"done"``."""
        if state not in (None, "running", "done"):
            raise ConfigError("must be running or done", "state")
        return Listing(
            self._client._store.list_replays,
            ReplayJob.from_row,
            {} if state is None else {"state": state},
            cursor_field="key",
            cursor=cursor,
            limit=limit,
        )

    def get_job(self, id: str | ReplayJob) -> ReplayJob:
        """Raises NotFoundError when there is none."""
        row = self._client._store.get_replay(_job_key(id))
        if row is None:
            raise NotFoundError(f"no replay job {id_named(id)}")
        return ReplayJob.from_row(row)

    def delete(self, id: str | Delivery, *, tenant: str | None = ANY_TENANT) -> None:
        """Remove a dead delivery and its attempts; its message stays until retention ends.

        Raises:
            IdempotencyConflictError: It is not dead.
            NotFoundError: There is none, or it is another tenant's.
        """
        self._client.deliveries._check_owner(id, tenant)
        self._client._store.delete_dead(delivery_key(id))

    def delete_many(
        self,
        *,
        tenant: str | None = ANY_TENANT,
        endpoint: str | Endpoint | None = None,
        type: str | None = None,
        error: str | None = None,
        since: datetime | float | None = None,
        until: datetime | float | None = None,
        dry_run: bool = False,
    ) -> int:
        """Remove all that match, with their attempts; with ``dry_run`` only count them.

        Without any filter that is every dead letter of the store.
        """
        filters = self._filters(tenant, endpoint, type, error, since, until)
        store = self._client._store
        if dry_run:
            return store.count_deliveries({**filters, "state": "dead"})["dead"]
        deleted, place = store.delete_dead_letters(filters, 0, _BATCH)
        while place:
            more, place = store.delete_dead_letters(filters, place, _BATCH)
            deleted += more
        return deleted

    def _filters(
        self, tenant: Any, endpoint: Any, type: Any, error: Any, since: Any, until: Any
    ) -> dict[str, Any]:
        filters = filters_of(tenant, endpoint=endpoint, type=type, error=error)
        return filters | times_of(since=since, until=until)

    def _recover(
        self, endpoint: str, since: datetime | float, rate: str | None, dry_run: bool
    ) -> int:
        moment = check_moment("since", since)
        request = {"endpoint_id": endpoint, "since": moment, "missed_since": moment}
        return self._replay(request, rate, dry_run)

    def _replay(self, request: dict[str, Any], rate: str | None, dry_run: bool) -> int:
        if rate is not None:
            request["per_second"] = rate_per_second(rate, "rate")
        store = self._client._store
        if dry_run:
            return store.count_replayable(request, now_ms())
        return self._work(store.begin_replay(request, now_ms())["key"])

    def _work(self, key: int) -> int:
        while True:
            row = self._client._store.work_replay(key, _BATCH, now_ms())
            if row["state"] == "done":
                return int(row["replayed"] + row["missed"])


def _job_key(job: str | ReplayJob) -> int:
    text = job.id if isinstance(job, ReplayJob) else job
    match = _JOB_ID.fullmatch(text) if isinstance(text, str) else None
    if match is None or int(match[1]) > HIGHEST_KEY:
        raise NotFoundError(f"no replay job {id_named(text)}; an id is like {_JOB_PREFIX}7")
    return int(match[1])
