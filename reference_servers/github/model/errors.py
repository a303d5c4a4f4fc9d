"""How GitHub refuses: a status, a message, and for a 422 the fields that are wrong."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One entry of the list of errors.

    `code` is missing, missing_field, invalid, already_exists or custom; a custom one has a message.
    """

    resource: str
    code: str
    field: str | None = None
    message: str | None = None

    def __str__(self) -> str:
        return self.message or f"{self.resource}.{self.field} {self.code}"


class GitHubError(Exception):
    """A refused operation. As text it is the message with the status and, in brackets, what is wrong."""

    def __init__(self, status: int, message: str, *errors: FieldError) -> None:
        detail = f" ({'; '.join(map(str, errors))})" if errors else ""
        super().__init__(f"{status} {message}{detail}")
        self.status = status
        self.message = message
        self.errors = errors


def not_found() -> GitHubError:
    """Absent, or not visible to who asks: GitHub doesn't tell these apart."""
    return GitHubError(404, "Not Found")


def validation_failed(*errors: FieldError) -> GitHubError:
    return GitHubError(422, "Validation Failed", *errors)
