"""A run in lines for a terminal: what was tested, the counts, then each finding once."""

from collections.abc import Iterator
from typing import Any, Literal

from mcp_conformance.wire import escape

Style = Literal["plain", "good", "bad", "warn", "dim", "strong"]
Line = tuple[Style, str]

_ARROW = {"sent": "→", "received": "←", "closed": "×"}
_WORDS = (("pass", "passed"), ("fail", "failed"), ("warning", "with warnings"), ("inconclusive", "inconclusive"),
          ("not_applicable", "not applicable"), ("error", "in error"))  # fmt: skip
_MAX_REASONS = 8


def summary(run: dict[str, Any]) -> Iterator[Line]:
    """The whole summary of a (redacted) run."""
    yield from head(run)
    yield "plain", ""
    for number, finding in enumerate(run["findings"], 1):
        yield from explain(finding, number)
        yield "plain", ""
    yield from _reasons(run, "inconclusive", "warn", "Not judged, although it applies:")
    yield from _reasons(run, "error", "bad", "Broken in the harness, not in the server (please report it):")
    yield from _notes(run)
    yield verdict_style(run), verdict(run)


def head(run: dict[str, Any]) -> Iterator[Line]:
    """What was tested, and how much of it."""
    server, tools = run["server"], run["tools"]
    spoken = sorted({version for version in run["offers"].values() if version})
    name = (
        escape(f"{server['name'] or 'a server without a name'} {server['version'] or ''}".strip())
        if spoken
        else "no server that answers"
    )
    revisions = ", ".join(run["revisions"]) or ("speaks " + ", ".join(map(escape, spoken)) if spoken else "no revision")
    yield "strong", f"{name} · {revisions} · {', '.join(run['transports'])}"
    if run["revisions"]:
        level = run["settings"]["call"]
        called = f"{tools['called']} of {tools['listed']} tools called (--mcp-call={level})"
        called += f", {tools['accepted']} with success"
        yield "plain", called if tools["listed"] else "it lists no tools"
        unspoken = sorted(set(run["offers"]) - set(run["revisions"]))
        if unspoken:
            yield "dim", f"not applicable: {', '.join(unspoken)}, which it doesn't speak"
    times = run["seconds"]
    parts = [f"{run['counts'][key]} {word}" for key, word in _WORDS if run["counts"][key] or key in ("pass", "fail")]
    yield "plain", f"{_number(sum(run['counts'].values()), 'case')}: {', '.join(parts)} · {times['total']:.1f} s"


def explain(finding: dict[str, Any], number: int | None = None) -> Iterator[Line]:
    """One finding: requirement, level, link, expected, observed, the proof, and the command that shows it again."""
    must = finding["level"] in ("MUST", "MUST NOT")
    lead = f"{number}. " if number else ""
    yield (
        ("bad" if must else "warn"),
        f"{lead}{'FAIL' if must else 'WARNING'}  {finding['requirement']}: {finding['summary']}",
    )
    revisions = sorted({seen["revision"] for seen in finding["occurrences"]} or {finding["revision"]})
    yield "plain", f"   {finding['level']:<10} {', '.join(revisions)} · {finding['transport']} · {finding['link']}"
    at = f" at {escape(finding['at'])}" if finding["at"].startswith("/") else ""
    yield "plain", f"   expected   {escape(finding['expected'])}{at}"
    yield "plain", f"   observed   {escape(finding['observed'])}"
    for index, line in enumerate(finding["evidence"]):
        label, arrow = "wire" if index == 0 else "", _ARROW.get(line["direction"], " ")
        yield "dim", f"   {label:<10} {line['event']:>3} {arrow} {escape(line['text'])}"
    if finding["stderr"]:
        for index, text in enumerate(finding["stderr"].splitlines()[-6:]):
            yield "dim", f"   {'stderr' if index == 0 else '':<10} {escape(text)[:200]}"
    if finding["remedy"]:
        yield "plain", f"   remedy     {escape(finding['remedy'])}"
    if finding["interpretation"]:
        yield "dim", f"   reading    {escape(finding['interpretation'])}"
    broken = sorted({seen["requirement"] for seen in finding["occurrences"]} - {finding["requirement"]})
    if broken:
        yield "plain", f"   breaks too {', '.join(broken)}"
    others = sorted({seen["case"] for seen in finding["occurrences"]} - {finding["case"]})
    if others:
        yield "dim", f"   also in    {', '.join(others[:4])}{f' and {len(others) - 4} more' if len(others) > 4 else ''}"
    yield "plain", f"   again      {escape(finding['reproduce'])}"


def _reasons(run: dict[str, Any], verdict_name: str, style: Style, title: str) -> Iterator[Line]:
    reasons: dict[str, list[str]] = {}
    for case in run["cases"]:
        if case["verdict"] == verdict_name:
            reasons.setdefault(case["reason"], []).append(case["id"])
    if not reasons:
        return
    yield style, title
    for reason, cases in list(reasons.items())[:_MAX_REASONS]:
        names = sorted(set(cases))
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield "plain", f"   {escape(reason)} ({names[0]}{more})"
    if len(reasons) > _MAX_REASONS:
        yield "plain", f"   and {len(reasons) - _MAX_REASONS} more reasons"
    yield "plain", ""


def _notes(run: dict[str, Any]) -> Iterator[Line]:
    notes: dict[str, str] = {}
    for case in run["cases"]:
        for note in case["notes"]:
            notes.setdefault(note, case["id"])
    if not notes:
        return
    yield "plain", "Legal, but worth knowing:"
    for note, case_id in notes.items():
        yield "dim", f"   {escape(note)} ({case_id})"
    yield "plain", ""


def verdict(run: dict[str, Any]) -> str:
    """The answer in one line."""
    found = run["counts"]
    musts = sum(finding["level"] in ("MUST", "MUST NOT") for finding in run["findings"])
    shoulds = len(run["findings"]) - musts
    extra = f", {_number(shoulds, 'recommendation')} not followed" if shoulds else ""
    broken = f"the harness failed in {_number(found['error'], 'case')}" if found["error"] else ""
    if musts:
        return f"Not conformant: {_number(musts, 'requirement')} broken{extra}{'; ' + broken if broken else ''}."
    if broken:
        return f"No answer: {broken}."
    if found["inconclusive"]:
        return f"No answer: {_number(found['inconclusive'], 'case')} that apply couldn't be judged{extra}."
    if not found["pass"] and not found["warning"]:
        reasons = [case["reason"] for case in run["cases"] if case["verdict"] == "not_applicable"]
        return f"No answer: {escape(reasons[0]) if len(set(reasons)) == 1 else 'nothing applied to this server'}."
    cut = "" if run["complete"] else " (not all cases ran)"
    return f"Conformant in what was tested{extra}{cut}."


def verdict_style(run: dict[str, Any]) -> Style:
    text = verdict(run)
    return "bad" if text.startswith("Not") else "warn" if text.startswith("No ") else "good"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
