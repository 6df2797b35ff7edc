"""What every count must be; the demo fails when one is not."""

from __future__ import annotations

from dataclasses import dataclass

from story import REPEATS, Story
from workload import LEDGER_MESSAGES

_LEDGER_ATTEMPTS = 3  # The first try and two retries.


@dataclass(frozen=True)
class Check:
    text: str
    expected: object
    found: object

    @property
    def passed(self) -> bool:
        return self.expected == self.found


def checks(story: Story) -> list[Check]:
    return [*_sending(story), *_dying(story), *_receiving(story)]


def _sending(story: Story) -> list[Check]:
    total = len(story.ids)
    healthy = total - LEDGER_MESSAGES
    flaky, lost = len(story.flaky), len(story.lost_answers)
    counts = story.counts_before_replay
    rows = [one for one in story.deliveries if not one.type.startswith("ledger.")]
    return [
        Check("messages stored, at least 200", (total, True), (len(set(story.ids)), total >= 200)),
        Check(
            "the same idempotency key again gave the same message",
            True,
            story.second_send_was_duplicate,
        ),
        Check("delivered while the ledger was down", healthy, counts.delivered if counts else 0),
        Check(
            "needed a retry: failed twice, or lost an answer",
            flaky + lost,
            sum(1 for one in rows if one.state == "delivered" and one.attempts > 1),
        ),
        Check(
            "HTTP attempts in all",
            healthy + 2 * flaky + lost + LEDGER_MESSAGES * _LEDGER_ATTEMPTS + 1,
            sum(one.attempts for one in story.deliveries),
        ),
    ]


def _dying(story: Story) -> list[Check]:
    back = story.replayed
    dead_now = [one for one in story.deliveries if one.state == "dead"]
    return [
        Check("dead letters of the ledger", LEDGER_MESSAGES, len(story.dead_before)),
        Check("attempts of each", {_LEDGER_ATTEMPTS}, {one.attempts for one in story.dead_before}),
        Check("the replayed one was delivered", "delivered", back.state if back else None),
        Check(
            "under the same message id",
            story.dead_before[-1].message_id if story.dead_before else "?",
            back.message_id if back else None,
        ),
        Check("dead letters left", LEDGER_MESSAGES - 1, len(dead_now)),
    ]


def _receiving(story: Story) -> list[Check]:
    times = story.handled.times
    lost = len(story.lost_answers)
    delivered = len(story.ids) - LEDGER_MESSAGES + 1
    wrong = [
        event
        for event, digest in story.handled.digests.items()
        if story.expected_bodies.get(event) != digest
    ]
    return [
        Check("events handled", delivered, len(times)),
        Check("handled more than once", 0, sum(1 for count in times.values() if count > 1)),
        Check("bodies that did not arrive byte for byte", 0, len(wrong)),
        Check("duplicates dropped", REPEATS + lost, story.requests.get("duplicate", 0)),
        Check("repeats answered", {(200, "duplicate"): REPEATS}, dict(story.repeat_answers)),
        Check("a forged request was refused", (401, "signature_mismatch"), story.forged_answer),
    ]
