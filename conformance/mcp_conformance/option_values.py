"""Values of options as they were given, before anything is made of them, and the variables in them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""``${NAME}``, in options."""


class OptionError(Exception):
    """An option that can't be used; the message says which, why, and what would be right."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Values as they were given (None or empty: not given), and the folder that each one's relative paths start from.

    That is the current folder for a command line and the ini file's own for an ini file. A server whose command stands
    in an ini file is started there, too: ``python server.py`` means the same from wherever pytest is called.
    """

    values: Mapping[str, Any]
    folders: Mapping[str, Path] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        if value in (None, "", [], ()):
            return None
        return json.dumps(value) if isinstance(value, list | tuple) else str(value)

    def entries(self, name: str) -> list[str]:
        """All values of an option that may be repeated."""
        return [str(entry) for entry in self.values.get(name) or ()]

    def parts(self, name: str) -> list[str]:
        """The same, where commas separate, too."""
        return [part.strip() for entry in self.entries(name) for part in entry.split(",") if part.strip()]

    def flag(self, name: str) -> bool:
        return bool(self.values.get(name))

    def folder(self, name: str) -> Path:
        return self.folders.get(name, Path.cwd())

    def path(self, name: str, environment: Mapping[str, str]) -> Path | None:
        """A path, from the folder that it is relative to."""
        text = self.text(name)
        return self.folder(name) / Path(expand(text, environment, f"--mcp-{name}")).expanduser() if text else None

    def file(self, name: str, environment: Mapping[str, str]) -> Path | None:
        """The path of a file that is there."""
        path = self.path(name, environment)
        if path is not None and not path.is_file():
            raise OptionError(f"--mcp-{name}={self.text(name)}: there is no file {path}")
        return path


def expand(text: str, environment: Mapping[str, str], where: str) -> str:
    """`${NAME}` replaced from the environment, so that no secret has to stand on a command line."""
    return VARIABLE.sub(lambda match: look_up(match[1], environment, where), text)


def look_up(name: str, environment: Mapping[str, str], where: str) -> str:
    """The value of a variable that has to be there; `where` is where it is named, for the message."""
    if name not in environment:
        raise OptionError(f"{where}: the environment has no variable {name}")
    return environment[name]


def shown(path: Path) -> str:
    """As a user would type it: relative below the current folder."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
