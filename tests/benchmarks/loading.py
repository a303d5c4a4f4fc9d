"""What a run of one revision pays for its data: imports, catalogue, suites, the first verdict on a message.

``python tests/benchmarks/loading.py`` prints a table. Each line is the median of several fresh processes, beside the
same work done the plain way (YAML read in place of what is compiled) in processes of the same run.
"""

import statistics
import subprocess
import sys

RUNS = 7
TIMED = """
import time
{before}
started = time.perf_counter()
{work}
print((time.perf_counter() - started) * 1000)
"""
READ_YAML = "reading.read_edition(sources()[3])"
IMPORT_READING = "from mcp_conformance.requirements import reading, sources"
ROWS = (
    # what, before the clock starts, the work, and the same work the plain way
    ("import of the catalogue's model", "", "import mcp_conformance.requirements", "", ""),
    (
        "catalogue of one revision",
        "from mcp_conformance.requirements import catalogue",
        "catalogue().get('2025-11-25', 'ping.respond')",
        IMPORT_READING,
        READ_YAML,
    ),
    (
        "import of the cases (pydantic, both validators)",
        "",
        "from mcp_conformance.cases.loader import bundled",
        "",
        "import pydantic, jsonschema, jsonschema_rs",
    ),
    (
        "all suites",
        "from mcp_conformance.cases.loader import bundled",
        "bundled()",
        "from mcp_conformance.cases.loader import build_bundled",
        "build_bundled()",
    ),
    (
        "table of methods",
        "from mcp_conformance.methods import methods",
        "methods('2025-11-25')",
        "",
        "",
    ),
    (
        "first verdict on a message (compiles its schema)",
        "from mcp_conformance.messages import assess",
        "assess({'jsonrpc': '2.0', 'id': 1, 'result': {'tools': []}}, revision='2025-11-25', sender='server',"
        " answers='tools/list')",
        "",
        "",
    ),
)


def milliseconds(before: str, work: str) -> float:
    """The median over fresh processes."""
    script = TIMED.format(before=before, work=work)
    taken = [
        float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)
        for _ in range(RUNS)
    ]
    return statistics.median(taken)


def main() -> None:
    """Print the table."""
    print("| what | ms | the plain way, ms | ratio |")
    print("|---|--:|--:|--:|")
    for what, before, work, plain_before, plain in ROWS:
        ours = milliseconds(before, work)
        theirs = milliseconds(plain_before, plain) if plain else None
        words = "–", "–"
        if theirs is not None:
            words = f"{theirs:.1f}", f"{ours / theirs:.2f}"
        print(f"| {what} | {ours:.1f} | {words[0]} | {words[1]} |")


if __name__ == "__main__":
    main()
