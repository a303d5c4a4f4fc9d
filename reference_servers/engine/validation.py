"""Values against JSON Schema. The validator is loaded at its first use: it costs more than all the rest of a start."""

from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from .messages import JSON, dumps
from .server import Schema

if TYPE_CHECKING:
    from jsonschema_rs import Validator

MOST = 5
"""Problems named in one message."""


def problems(schema: Schema, value: JSON) -> list[str]:
    """What is wrong with a value, at most `MOST` sentences with the place in front; empty when it fits."""
    try:
        dumps(value).encode("utf-8")
        errors = _validator(dumps(schema)).iter_errors(value)
        return [_describe(error.instance_path, error.message) for error in islice(errors, MOST)]
    except UnicodeEncodeError:
        return ["a string holds half of a surrogate pair, which is no text"]
    except (ValueError, RecursionError) as error:  # an infinite number, or nesting beyond the validator's bound
        return [str(error)]


@lru_cache(maxsize=128)
def _validator(schema: str) -> "Validator":
    import jsonschema_rs

    return jsonschema_rs.validator_for(schema)


def _describe(path: list[str | int], message: str) -> str:
    return f"/{'/'.join(map(str, path))}: {message}" if path else message
