"""Where the bundled data lies: suites and schemas are files, not code.

A wheel carries them inside the package; a checkout keeps them at its top, where other programs can read them too.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parents[1]


def data_root(name: str) -> Path:
    """The directory of the bundled data called `name`, such as `"suites"` or `"schemas"`.

    Raises `FileNotFoundError` if it is neither inside the package nor at the top of a checkout.
    """
    candidates = (_PACKAGE / name, _CHECKOUT / name)
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    places = " nor ".join(str(candidate) for candidate in candidates)
    raise FileNotFoundError(
        f'the bundled data "{name}" is missing: neither {places} is a directory. '
        "Install pytest-mcp-conformance again, or run it from a complete checkout."
    )
