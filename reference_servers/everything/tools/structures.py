"""Structured content, and the schemas that promise it."""

from reference_servers.engine import JSON, Call, Composed, Structured
from reference_servers.everything.samples import CITIES, META, text

from .specimen import specimen, taking

REPORT = taking(
    "city",
    "temperature",
    city={"type": "string"},
    temperature={"type": "number", "description": "Degrees Celsius"},
    conditions={"type": "string", "enum": ["clear", "cloudy"]},
)
CITY = taking("city", city={"type": "string", "enum": list(CITIES), "examples": ["Oslo"]})


async def structured(call: Call) -> dict[str, JSON]:
    return {"city": call.arguments["city"], "temperature": 12.5, "conditions": "clear"}


async def with_words(call: Call) -> Composed:
    report = {"city": "Oslo", "temperature": -3, "conditions": "cloudy"}
    return Composed(
        [text("Cold in Oslo."), text('{"city":"Oslo","temperature":-3,"conditions":"cloudy"}')], report, META
    )


async def listed(call: Call) -> Structured:
    return Structured(list(CITIES))


async def anything(call: Call) -> dict[str, JSON]:
    return {"promised": False}


TOOLS = (
    specimen("test_structured_output", structured, "Answers with an object.", CITY, output_schema=REPORT),
    specimen("test_structured_with_text", with_words, "Answers with an object and words.", output_schema=REPORT),
    specimen(
        "test_structured_array",
        listed,
        "Answers with an array, where the revision has that.",
        output_schema={"type": "array", "items": {"type": "string"}},
    ),
    specimen("test_structured_unpromised", anything, "Answers with an object that no schema promises."),
)
