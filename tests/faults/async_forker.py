"""Forks while an event loop sends; children send from loops of their own and through the parent's
client."""

from __future__ import annotations

import asyncio
import faulthandler
import functools
import json
import random
import sys

from . import core_choice  # noqa: F401  # First: decides which module is loaded.

import webhookcore as wh  # isort: skip

from . import children  # isort: skip
from .sender import POLICY, say  # isort: skip

TASKS = 4
PER_CHILD = 3


async def send_some(client: wh.AsyncClient) -> None:
    for number in range(PER_CHILD):
        say(f"child {(await client.send('child.sent', {'number': number})).id}")


def send_in_a_new_loop(client: wh.AsyncClient) -> None:
    asyncio.run(send_some(client))


def send_and_close(client: wh.AsyncClient) -> None:
    async def work() -> None:
        await send_some(client)
        await client.close()

    asyncio.run(work())


def touch_nothing(client: wh.AsyncClient) -> None:
    assert children.threads_here() == 1


WORKS = {
    "new loop": send_in_a_new_loop,
    "close": send_and_close,
    "nothing": touch_nothing,
}


async def send_for_ever(client: wh.AsyncClient, ids: list[str]) -> None:
    while True:
        ids.append((await client.send("load.sent", {})).id)
        await asyncio.sleep(0.002)  # An arrival rate.


async def main(options: dict[str, object]) -> None:
    chance = random.Random(options["seed"])
    client = wh.AsyncClient(str(options["store"]), policy=POLICY)
    ids: list[str] = []
    load = [asyncio.create_task(send_for_ever(client, ids)) for _ in range(TASKS)]
    ended: list[list[object]] = []
    for turn in range(int(str(options["forks"]))):
        await asyncio.sleep(chance.uniform(0, 0.02))  # The random moment.
        name = chance.choice([*WORKS])
        fork = functools.partial(children.fork, functools.partial(WORKS[name], client))
        # From a thread, so that the loop sends on; a fork in the loop's own thread, too.
        if turn % 2:
            pid = await asyncio.to_thread(fork)
        else:
            pid = fork()
        ended.append([turn, name, await asyncio.to_thread(children.await_end, pid)])
    last = asyncio.create_task(client.send("load.sent", {}))
    goes_on = bool((await asyncio.wait([last], timeout=children.PATIENCE))[0])
    for task in load:
        task.cancel()
    await asyncio.gather(*load, return_exceptions=True)
    await client.close()
    say("report " + json.dumps({"ended": ended, "goes_on": goes_on}))
    for id in ids:
        say(f"parent {id}")


if __name__ == "__main__":
    faulthandler.enable()
    asyncio.run(main(json.loads(sys.argv[1])))
