"""``python tests/faulty NAME [OPTION…]``: a wrong server (or a rare but right one), on standard input and output.

The options are those of the reference servers: ``--era=stateless``, ``--transport=http``; ``NAME --help`` lists them.

``python tests/faulty --proofs`` writes down which requirements were seen to fail on which faulty server, for those who
have the package without its tests.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

_TESTS = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(_TESTS), str(_TESTS.parent)]  # not this folder: its modules are no top-level ones

from faulty import FAULTS, VARIANTS, _proofs  # noqa: E402
from faulty._spoiling import Crash  # noqa: E402
from reference_servers.engine import serve  # noqa: E402


def main(arguments: list[str]) -> int:
    """Serve the server of that name until the end of the input; list all names when there is none such."""
    if arguments == ["--proofs"]:
        _proofs.write()
        return 0
    servers = {**FAULTS, **VARIANTS}
    if not arguments or arguments[0] not in servers:
        print(f"usage: python {sys.argv[0]} NAME [OPTION...], one of:", *sorted(servers), sep="\n  ", file=sys.stderr)
        return 2
    chosen = servers[arguments[0]]
    status = 1
    try:
        if chosen.endpoint is None:
            status = serve(chosen.server, arguments[1:], connection=chosen.connection)
        else:
            flags = [
                f"--transport={chosen.transport}",
                *(f"--{name}={value}" for name, value in chosen.settings.items()),
                *arguments[1:],
            ]
            status = serve(chosen.server, flags, connection=chosen.connection, endpoint=chosen.endpoint)
    except* Crash as crashes:
        print("fatal:", *(reason for crash in _leaves(crashes) for reason in crash.args), file=sys.stderr)
    return status


def _leaves(group: BaseExceptionGroup[Crash]) -> Iterator[Crash]:
    for one in group.exceptions:
        yield from _leaves(one) if isinstance(one, BaseExceptionGroup) else [one]


raise SystemExit(main(sys.argv[1:]))
