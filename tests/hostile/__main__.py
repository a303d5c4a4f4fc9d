"""``python tests/hostile [NAME ...]``: the tester against hostile servers, all or those named, as a table in Markdown.

The exit status is 1 if any run was not as it has to be. ``-v`` shows the output of each such run.
"""

import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(_TESTS), str(_TESTS.parent)]  # not this folder: its modules are no top-level ones

from hostile import SERVERS  # noqa: E402
from hostile._measure import measure  # noqa: E402


def main(arguments: list[str]) -> int:
    verbose = "-v" in arguments
    names = [argument for argument in arguments if argument != "-v"] or list(SERVERS)
    unknown = [name for name in names if name not in SERVERS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; known are:", *sorted(SERVERS), sep="\n  ", file=sys.stderr)
        return 2
    print("| server | what it does | s | MB | exit | left | findings | verdict | right |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |", flush=True)
    failed = 0
    for name in names:
        made = measure(SERVERS[name])
        failed += bool(made.wrong)
        answer = "; ".join(made.wrong) or "yes"
        cells = [
            name, made.server.what, f"{made.seconds:.1f}", f"{made.megabytes:.0f}", str(made.status),
            str(len(made.left)), str(len(made.findings)), made.verdict, answer,
        ]  # fmt: skip
        print("|", " | ".join(cell.replace("|", "\\|") for cell in cells), "|", flush=True)
        if verbose and made.wrong:
            print(made.output[-6000:], file=sys.stderr)
    return min(failed, 1)


raise SystemExit(main(sys.argv[1:]))
