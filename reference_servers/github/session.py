"""On whose behalf a server acts, and in which world."""

from collections.abc import Callable
from functools import cached_property

from .model import Account, World
from .model.views import Views


class Session:
    """On whose behalf tools run, and in which world.

    The world is made when it is first needed: most sessions only look around.
    """

    def __init__(self, world: Callable[[], World], login: str) -> None:
        self._make = world
        self._login = login

    @cached_property
    def world(self) -> World:
        return self._make()

    @cached_property
    def views(self) -> Views:
        return Views(self.world)

    @property
    def actor(self) -> Account:
        account = self.world.account(self._login)
        assert account
        return account
