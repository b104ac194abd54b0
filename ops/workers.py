"""Processes that share the partitions of the same stages, kept alive by the command that started them.

Each is the command itself (``run stage …``) once more, so one that is killed takes nothing with it but its batch, which
comes again. It is started again on every status but 2, which means that a person must act; then all are stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Callable, Sequence

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
STEADY_SECONDS = 60.0
"""A worker that ran so long is started again at once when it ends."""
STOP_SECONDS = 40.0
PERSON_MUST_ACT = 2
LINE_BYTES = 1 << 20

Tell = Callable[[str], None]


class Workers:
    """`count` processes of `command`. `tell` gets what they say, a line at a time, with the number of who said it."""

    def __init__(self, command: Sequence[str], count: int, tell: Tell) -> None:
        self._command = command
        self._count = count
        self._tell = tell
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Keep them alive until `stop`, or until one needs a person; the exit status: the worst of theirs."""
        statuses = await asyncio.gather(*(self._keep(number) for number in range(1, self._count + 1)))
        return max(statuses)

    def stop(self) -> None:
        """Ask all of them to finish what is in hand; `run` returns when they have."""
        self._stop.set()

    async def _keep(self, number: int) -> int:
        pause = FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            began = time.monotonic()
            status = await self._once(number)
            if self._stop.is_set():
                return max(status, 0)  # a signal that came twice may have cut short its very end
            if status == PERSON_MUST_ACT:
                self._tell(f"worker {number} needs a person: all are stopped")
                self.stop()
                return status
            pause = FIRST_PAUSE_SECONDS if time.monotonic() - began > STEADY_SECONDS else pause
            self._tell(f"worker {number} ended ({_named(status)}) and is started again in {pause:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        return 0

    async def _once(self, number: int) -> int:
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, limit=LINE_BYTES
        )
        self._tell(f"worker {number} is process {process.pid}")
        speaking = asyncio.create_task(self._pass_on(number, process))
        ended, asked = asyncio.create_task(process.wait()), asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
            await self._end(process, ended)
            await speaking
        finally:
            asked.cancel()
            if process.returncode is None:
                process.kill()
        return await ended

    async def _end(self, process: Process, ended: asyncio.Task[int]) -> None:
        """SIGTERM, and after a while the hard way; nothing for one that has ended by itself."""
        if ended.done():
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        done, _ = await asyncio.wait({ended}, timeout=STOP_SECONDS)
        if not done:
            self._tell(f"process {process.pid} did not stop in {STOP_SECONDS:g} s and is killed: its batch comes again")
            process.kill()

    async def _pass_on(self, number: int, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        async for line in process.stdout:
            self._tell(f"{number} | {line.decode(errors='replace').rstrip()}")


def _named(status: int) -> str:
    return f"killed by signal {-status}" if status < 0 else f"status {status}"


def command(options: Sequence[str], stages: Sequence[str]) -> list[str]:
    """The command line of a worker: `options` are those that stand before the command."""
    return [sys.executable, "-m", "ops.cli", *options, "run", "stage", *stages]
