# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import asyncio
import threading

from face_affect.view.feed import Feed

PATIENCE = 30.0  # seconds; no test waits that long


def test_a_new_follower_gets_the_newest_item_only() -> None:
    async def follow() -> list[int | None]:
        items: list[int | None] = []
        async for item in feed.follow(PATIENCE):
            items.append(item)
            feed.close()
        return items

    feed: Feed[int] = Feed()
    for item in range(5):
        feed.publish(item)
    assert asyncio.run(follow()) == [4]


def test_a_slow_follower_skips() -> None:
    async def follow() -> list[int | None]:
        items: list[int | None] = []
        async for item in feed.follow(PATIENCE):
            items.append(item)
            if item == 99:
                feed.close()
            else:
                # As long as this follower is busy, another thread publishes.
                thread = threading.Thread(target=lambda: [feed.publish(i) for i in range(100)])
                thread.start()
                thread.join()
        return items

    feed: Feed[int] = Feed()
    feed.publish(-1)
    assert asyncio.run(follow()) == [-1, 99]


def test_an_item_wakes_a_follower_from_another_thread() -> None:
    async def follow() -> int | None:
        async for item in feed.follow(PATIENCE):
            return item
        return None

    async def main() -> int | None:
        task = asyncio.create_task(follow())
        while not feed.watched:
            await asyncio.sleep(0)
        threading.Thread(target=feed.publish, args=(7,)).start()
        return await task

    feed: Feed[int] = Feed()
    assert asyncio.run(main()) == 7


def test_none_is_yielded_without_a_new_item() -> None:
    async def first() -> int | None:
        async for item in feed.follow(0.0):
            return item
        return -1

    feed: Feed[int] = Feed()
    assert asyncio.run(first()) is None


def test_watched_while_there_is_a_follower() -> None:
    async def main() -> None:
        follower = feed.follow(PATIENCE)
        assert not feed.watched
        feed.publish(1)
        await anext(follower)
        assert feed.watched
        await follower.aclose()
        assert not feed.watched

    feed: Feed[int] = Feed()
    asyncio.run(main())


def test_cleared_and_closed() -> None:
    async def items() -> list[int | None]:
        return [item async for item in feed.follow(0.0)]

    feed: Feed[int] = Feed()
    feed.publish(1)
    feed.clear()
    feed.close()
    feed.publish(2)
    assert asyncio.run(items()) == []
