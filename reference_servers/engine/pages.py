"""Pages of a list behind opaque cursors (server/utilities/pagination).

A cursor names the last item of the page before, not a number: it stays right when the list grows before that item.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def cut(
    items: Sequence[T], key: Callable[[T], str], size: int, cursor: str | None, *, of: str
) -> tuple[Sequence[T], str | None]:
    """The page that `cursor` stands for, and the cursor of the next one if there is one.

    `of` names the list, so that a cursor of one list is none of another. A cursor that was never given raises
    ValueError.
    """
    start = 0
    if cursor is not None:
        name, _, last = _open(cursor).partition("\0")
        position = next((index for index, item in enumerate(items) if key(item) == last), None)
        if name != of or position is None:
            raise ValueError("this cursor doesn't come from this list")
        start = position + 1
    page = items[start : start + size]
    return page, _seal(f"{of}\0{key(page[-1])}") if start + size < len(items) else None


def _seal(text: str) -> str:
    return urlsafe_b64encode(text.encode("utf-8")).decode("ascii")


def _open(cursor: str) -> str:
    try:
        text = urlsafe_b64decode(cursor.encode("ascii")).decode("utf-8")
    except (UnicodeError, binascii.Error) as error:
        raise ValueError("this is no cursor") from error
    if _seal(text) != cursor:  # the decoder skips what isn't base64
        raise ValueError("this is no cursor")
    return text
