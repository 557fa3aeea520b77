"""Writes what `table.py` printed into the files that `test_tolerance.py` reads.

    python record.py ddtrace LINES...      into ddtrace.json
    python record.py witspan LINES         into differences.json: where we send something else

Arguments of which all is the same stand together. After the second, read the differences: each has
to have a reason in `REASONS` that is true of it.
"""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Table = dict[str, dict[str, Any]]

#: By the argument: why we send something else.
REASONS = {
    r"@?\w+\((name|session_id|ml_app|agent_service|model_\w+|version)\)": (
        "A value of any type counts as its text, or its JSON, the same in every language; false, "
        "0 and what is empty are nothing."
    ),
    r"annotation_context\(name\)|tags.*|annotation_context\(tags.*|.*\(tags\.k\)": (
        "A tag's value and a name are text or JSON, the same in every language."
    ),
    r"(task|retrieval|embedding) (in|out)put_data.*": (
        "What has no text is its JSON, the same in every language."
    ),
    r"message\.role": "A role that is not a text is sent as its text.",
    r"message\.(tool_calls|tool_results|audio_parts|image_parts)": "An empty list says nothing.",
    r"message\.tool_(call_id|calls\[0\]|results\[0\]).*": (
        "Names and ids of calls count as their text, where ddtrace drops what is none; the id of "
        "a message makes it a result."
    ),
    r"(embedding )?document\..*": (
        "The documented API has these members of a document; 0 and an empty text are values."
    ),
    r"metadata.*|.*\(json value\.k\)|.*\(metadata\.k\)": (
        "Values have their form in JSON, the same in every language."
    ),
    r"metrics.*|.*\(score value\)": (
        "Metrics and scores are finite numbers; others are left out, or the evaluation failed."
    ),
    r"(annotation_context\()?cost_tags\)?": "Any sequence of keys is a list.",
    r"tool_definition\..*": "A number, and what has a text, counts as its text.",
    r"(annotation_context\()?prompt.*": (
        "A prompt's values are texts, what says nothing is none, and a wrong part does not cost "
        "the rest."
    ),
    r"(annotation_context\()?agent.*": (
        "A number, and what has a text, counts as its text; a tool may be its name."
    ),
    r"submit_\w+\(label\)": (
        "A label begins with a letter and has letters, digits and `_`: the intake takes no others."
    ),
    r"submit_\w+\((ml_app|agent_service)\)": "An app counts as its text.",
    r"submit_evaluation\(span.*\)": (
        "An empty id is sent as `undefined`: an empty one could cost the batch that it is in."
    ),
    r"span\.(duration_ns|duration|span_type|context) =": (
        "What is set on a span changes nothing of what is sent; in ddtrace it can lose the span."
    ),
    r"enable\(.*\)": "A tag that says nothing is not sent; text counts as in spans.",
}


def plain(value: Any) -> Any:
    """The same value; a number that JSON cannot hold becomes its text."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"not JSON": str(value)}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value


def lines(files: list[str]) -> Table:
    table: Table = {}
    for file in files:
        for line in Path(file).read_text("utf-8").splitlines():
            argument, value, outcome = json.loads(line)
            table.setdefault(argument, {})[value] = plain(outcome)
    return table


def grouped(table: Table) -> list[dict[str, Any]]:
    """The table, arguments and values of the same outcome together."""
    groups: dict[str, dict[str, Any]] = {}
    for argument, outcomes in table.items():
        values: dict[str, list[str]] = {}
        for value, outcome in outcomes.items():
            values.setdefault(json.dumps(outcome), []).append(value)
        key = json.dumps(values)
        shown = [[json.loads(outcome), of] for outcome, of in values.items()]
        groups.setdefault(key, {"arguments": [], "outcomes": shown})["arguments"].append(argument)
    return list(groups.values())


def read(name: str) -> Table:
    """A file that was written by this."""
    table: Table = {}
    for group in json.loads((HERE / name).read_text("utf-8"))["table"]:
        for argument in group["arguments"]:
            for outcome, values in group["outcomes"]:
                for value in values:
                    table.setdefault(argument, {})[value] = outcome
    return table


def write(name: str, about: str, table: list[dict[str, Any]]) -> None:
    rows = []
    for group in table:
        outcomes = ",\n".join(f"   {json.dumps(each)}" for each in group.pop("outcomes"))
        head = json.dumps(group)[:-1]
        rows.append(f'  {head}, "outcomes": [\n{outcomes}\n  ]}}')
    body = ",\n".join(rows)
    text = f'{{\n "about": {json.dumps(about)},\n "table": [\n{body}\n ]\n}}\n'
    (HERE / name).write_text(text, "utf-8")


def reason(argument: str) -> str:
    for pattern, why in REASONS.items():
        if re.fullmatch(pattern, argument):
            return why
    raise LookupError(f"no reason for a difference of `{argument}`")


def main() -> None:
    who, *files = sys.argv[1:]
    if who == "ddtrace":
        about = "What ddtrace 4.16.0 did on CPython 3.11, recorded by table.py with its own sink."
        write("ddtrace.json", about, grouped(lines(files)))
        return
    theirs, ours = read("ddtrace.json"), lines(files)
    table: Table = {}
    for argument, outcomes in ours.items():
        for value, outcome in outcomes.items():
            their = theirs[argument][value]
            if "raised" not in their and outcome.get("sent") != their.get("sent"):
                table.setdefault(argument, {})[value] = outcome["sent"]
    groups = grouped(table)
    for group in groups:
        group["reason"] = reason(group["arguments"][0])
        assert all(reason(each) == group["reason"] for each in group["arguments"])
    write("differences.json", "What witspan sends where it is not what ddtrace sends.", groups)


if __name__ == "__main__":
    main()
