"""Pages of a list and their cursors (server/utilities/pagination)."""

from typing import Any

from reference_servers.engine import JSON, Connection, ProtocolError, Request, Server

from . import _features as features
from . import fault
from ._spoiling import crash, for_ever

PAGES = "pagination.pages-go-on"
STABLE, INVALID, HARMLESS = (
    f"pagination.{kind}" for kind in ("cursors.are-stable", "invalid-cursor.error-code", "invalid-cursor.does-no-harm")
)


class Pages(Connection):
    async def on_tools_list(self, request: Request) -> JSON:
        try:
            return await super().on_tools_list(request)
        except ProtocolError:
            return await self.on_wrong_cursor(request)

    async def on_wrong_cursor(self, request: Request) -> JSON:
        raise ProtocolError(-32602, "no such cursor")


@fault(
    "wrong-cursor-gives-the-first-page",
    breaks="pagination.invalid-cursor-error",
    cases=[INVALID],
    server=features.paged,
)
class FirstPage(Pages):
    async def on_wrong_cursor(self, request: Request) -> JSON:
        return await super().on_tools_list(Request(request.id, request.method, {}))


@fault(
    "wrong-cursor-gives-an-empty-page", breaks="pagination.invalid-cursor-error", cases=[INVALID], server=features.paged
)
class EmptyPage(Pages):
    async def on_wrong_cursor(self, request: Request) -> JSON:
        return {"tools": []}


@fault(
    "wrong-cursor-is-an-internal-error",
    breaks="pagination.invalid-cursor-error",
    cases=[INVALID],
    server=features.paged,
)
class InternalError(Pages):
    async def on_wrong_cursor(self, request: Request) -> JSON:
        raise ProtocolError(-32603, "index out of range")


@fault("dies-after-a-wrong-cursor", breaks="pagination.invalid-cursor-graceful", cases=[HARMLESS])
class DiesAfterwards(Connection):
    doomed = False

    async def on_request(self, request: Request) -> None:
        if self.doomed:
            crash("the cursor was wrong")
        self.doomed = request.params.get("cursor") == "conformance-no-such-cursor"
        await super().on_request(request)


@fault("hangs-after-a-wrong-cursor", breaks="pagination.invalid-cursor-graceful", cases=[HARMLESS])
class HangsAfterwards(DiesAfterwards):
    async def on_request(self, request: Request) -> None:
        if self.doomed:
            await for_ever()
        await super().on_request(request)


class Remembering(Connection):
    """Counts how often each cursor was used."""

    def __init__(self, server: Server, send: Any) -> None:
        super().__init__(server, send)
        self.used: dict[str, int] = {}

    async def on_tools_list(self, request: Request) -> JSON:
        result = await super().on_tools_list(request)
        if cursor := request.params.get("cursor"):
            self.used[cursor] = self.used.get(cursor, 0) + 1
            return self.again(result, self.used[cursor])
        return result

    def again(self, result: JSON, times: int) -> JSON:
        return result


@fault("cursors-work-once", breaks="pagination.stable-cursors", cases=[STABLE],
       server=features.paged)  # fmt: skip
class CursorsWorkOnce(Remembering):
    def again(self, result: JSON, times: int) -> JSON:
        if times > 1:
            raise ProtocolError(-32602, "this cursor was used")
        return result


@fault("pages-change-their-order", breaks="pagination.stable-cursors", cases=[STABLE], server=features.paged)
class ChangesOrder(Remembering):
    def again(self, result: JSON, times: int) -> JSON:
        return {**result, "tools": result["tools"][:: 1 if times % 2 else -1]}


@fault("pages-overlap-by-one", breaks="pagination.continues-after-cursor", cases=[PAGES],
       server=features.paged)  # fmt: skip
class Overlaps(Connection):
    last: JSON = None

    async def on_tools_list(self, request: Request) -> JSON:
        result = await super().on_tools_list(request)
        if request.params.get("cursor"):
            result["tools"].insert(0, self.last)
        self.last = result["tools"][-1]
        return result


@fault("every-page-is-the-first", breaks="pagination.continues-after-cursor", cases=[PAGES],
       may={INVALID: "cursors aren't looked at"},
       several="a server that doesn't look at cursors takes wrong ones too", server=features.paged)  # fmt: skip
class AlwaysFirst(Connection):
    async def on_tools_list(self, request: Request) -> JSON:
        return await super().on_tools_list(Request(request.id, request.method, {}))


@fault("every-page-of-resources-is-the-first", breaks="pagination.continues-after-cursor", cases=[PAGES])
class AlwaysFirstResources(Connection):
    async def on_resources_list(self, request: Request) -> JSON:
        return await super().on_resources_list(Request(request.id, request.method, {}))


@fault("pages-never-end", breaks="pagination.continues-after-cursor", cases=[PAGES])
class NeverEnds(Connection):
    async def on_resources_templates_list(self, request: Request) -> JSON:
        return {"resourceTemplates": [], "nextCursor": "more"}
