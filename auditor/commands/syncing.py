"""When the journal is forced to the disk: now and then, in another thread. Rule: a disk that refuses ends the run.

A network share or a full disk may take every line and refuse them only when they are forced: who goes on then asks for
answers that nobody keeps.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


@asynccontextmanager
async def syncing(sync: Callable[[], None], every: float, failed: Callable[[OSError], None]) -> AsyncIterator[None]:
    """Calls `sync` as long as the context is open.

    Args:
        sync: forces what was written to the disk; called in another thread, never twice at a time.
        every: seconds between two calls; 0 makes none.
        failed: is given the error of a call; there is none after it.
    """

    async def now_and_then() -> None:
        while True:
            await asyncio.sleep(every)
            try:
                await asyncio.to_thread(sync)
            except OSError as error:
                failed(error)
                return

    task = asyncio.create_task(now_and_then()) if every else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
