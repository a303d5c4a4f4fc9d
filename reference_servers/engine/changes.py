"""News of what a server offers: that a list has changed, or what one resource holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Self

import anyio


@dataclass(frozen=True, slots=True)
class Change:
    """`of` is the list that has changed, or ``resource``, which alone has a `uri`."""

    of: Literal["tools", "prompts", "resources", "resource"]
    uri: str = ""


class Changes:
    """Whoever changes something announces it here, and each listener hears of it."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    @property
    def heard(self) -> bool:
        """Whether anybody listens: to find out what has changed may cost something."""
        return bool(self._listeners)

    def announce(self, *changes: Change) -> None:
        for listener in self._listeners:
            listener.hear(changes)

    def end(self) -> None:
        """End every listener's news, as a server does that has none to give any more."""
        for listener in self._listeners:
            listener.end()

    @contextmanager
    def listen(self) -> Iterator["Listener"]:
        """News from now on."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)


class Listener:
    """An iterator over news, until they end. Equal news that weren't fetched yet are one."""

    def __init__(self) -> None:
        self._news: dict[Change, None] = {}
        self._wake = anyio.Event()
        self._ended = False

    def hear(self, changes: tuple[Change, ...]) -> None:
        self._news.update(dict.fromkeys(changes))
        self._wake.set()

    def end(self) -> None:
        self._ended = True
        self._wake.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        while not self._news:
            if self._ended:
                raise StopAsyncIteration
            self._wake = anyio.Event()
            await self._wake.wait()
        change = next(iter(self._news))
        del self._news[change]
        return change
