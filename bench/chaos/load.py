"""The load: every channel's customers speak at their pace, each channel in a thread of its own, until it is held."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable, Mapping

from bench.chaos.plan import AGAIN, Saying, sayings
from bench.chaos.voices import Voice


class Load:
    """`said` are the marks of what the places have or our doors have accepted, with the moment when that was so; `tried` all.

    `again` is how many of them were posted a second time with the same id.
    """

    def __init__(self, voices: Mapping[str, Voice], seed: int, rate: float) -> None:
        self.said: dict[str, float] = {}
        self.tried: set[str] = set()
        self.again = 0
        self.failed: list[str] = []
        self._going = threading.Event()
        self._stopped = threading.Event()
        self._speaking = 0
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._speak, args=(sayings(channel, seed, rate), voice), name=channel, daemon=True)
            for channel, voice in voices.items()
        ]
        random.Random(seed).shuffle(self._threads)
        for thread in self._threads:
            thread.start()

    def go_on(self) -> None:
        """Let them speak."""
        self._going.set()

    def hold(self) -> None:
        """Let nobody begin a saying; what is being said is said to its end."""
        self._going.clear()

    @property
    def quiet(self) -> bool:
        """Whether nobody is in the middle of a saying."""
        with self._lock:
            return not self._going.is_set() and self._speaking == 0

    def close(self) -> None:
        """End the threads."""
        self._stopped.set()
        self._going.set()
        for thread in self._threads:
            thread.join(5)

    def _speak(self, plan: Iterable[Saying], voice: Voice) -> None:
        for saying in plan:
            time.sleep(saying.pause)
            while True:
                self._going.wait()
                if self._stopped.is_set():
                    return
                with self._lock:
                    if self._going.is_set():
                        self._speaking += 1
                        break
            try:
                self.tried.add(saying.mark)
                held = voice(saying)
                if self._stopped.is_set():
                    return
                with self._lock:
                    if held is not False:
                        self.said[saying.mark] = time.monotonic()
                    self.again += saying.twice and saying.channel in AGAIN
            except Exception as error:  # noqa: BLE001 - a voice that fails is a fault of the harness, which the report names
                self.failed.append(f"{saying.mark}: {error!r}")
            finally:
                with self._lock:
                    self._speaking -= 1
