"""``python tests/stacks [NAME…]``: run the suites against servers built with other people's packages, and print what is
found as a table in Markdown. Names are those of targets, or patterns; none means all. Packages are installed as needed.

The exit status is 1 if anything was found that `expected.yaml` doesn't have, or the other way round.
"""

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(_TESTS), str(_TESTS.parent / "conformance"), str(_TESTS.parent)]

from stacks import environments, expectations, targets  # noqa: E402
from stacks.targets import Target  # noqa: E402

_COUNTS = ("pass", "fail", "warning", "inconclusive", "not_applicable", "error")


def main(patterns: Sequence[str]) -> int:
    """Run the chosen targets, two at a time."""
    known = targets.targets()
    chosen = [one for name, one in known.items() if not patterns or any(fnmatchcase(name, each) for each in patterns)]
    if not chosen:
        print(f"usage: python {sys.argv[0]} [NAME…], of:", *known, sep="\n  ", file=sys.stderr)
        return 2
    with ThreadPoolExecutor(2) as pool:
        runs = dict(zip(chosen, pool.map(_run, chosen), strict=True))
    _print_table(runs)
    return _print_findings(runs)


def _run(target: Target) -> dict[str, Any] | str:
    try:
        return targets.run(target)
    except (environments.NotInstalledError, AssertionError) as error:
        return str(error)


def _print_table(runs: Mapping[Target, dict[str, Any] | str]) -> None:
    print("| server | transport | revision |", " | ".join(name.replace("_", " ") for name in _COUNTS), "| findings |")
    print("| --- " * (4 + len(_COUNTS)) + "|")
    for target, run in runs.items():
        server = f"{target.stack} ({environments.versions(target.stack)})"
        transport = " ".join((target.transport, *target.options))
        if isinstance(run, str):
            print(f"| {server} | {transport} | {run.strip()[-200:]!r} |")
            continue
        found = expectations.found(run)
        for revision in run["revisions"] or [""]:
            verdicts = [case["verdict"] for case in run["cases"] if case["revision"] == revision or not revision]
            counted = " | ".join(str(verdicts.count(name)) for name in _COUNTS)
            broken = ", ".join(sorted(f"{name} ({level})" for name, level, where in found if where == revision))
            print(f"| {server} | {transport} | {revision or 'none that is judged'} | {counted} | {broken} |")


def _print_findings(runs: Mapping[Target, dict[str, Any] | str]) -> int:
    status = 0
    print()
    for judged in expectations.judgements():
        names = [target.name for target in runs if judged.concerns(target.name)]
        if names:
            print(f"- **{judged.requirement}** ({judged.level}, [clause]({judged.link})) on {', '.join(names)}:")
            print(f"  {judged.judgement}")
    for target, run in runs.items():
        if isinstance(run, str):
            status = 1
            continue
        found, expected = expectations.found(run), expectations.expected(target.name, run)
        for what, which in (
            ("unexpected", found - expected),
            ("missing", expected - found),
        ):
            for requirement, level, revision in sorted(which):
                status = 1
                print(f"- {what} on {target.name}: {requirement} ({level}) in {revision}")
        for case, revision, reason in sorted(expectations.unexplained(target.name, run)):
            status = 1
            print(f"- no verdict on {target.name}: {case} in {revision}: {reason}")
    return status


raise SystemExit(main(sys.argv[1:]))
