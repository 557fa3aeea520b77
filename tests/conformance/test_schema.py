"""Every case file and every body in it, against the JSON Schemas of `schema/`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

HERE = Path(__file__).parent
SCHEMAS = {
    path.name.removesuffix(".schema.json"): json.loads(path.read_text("utf-8"))
    for path in sorted((HERE / "schema").glob("*.schema.json"))
}
REGISTRY: Registry = Registry().with_resources(
    (schema["$id"], Resource.from_contents(schema)) for schema in SCHEMAS.values()
)
FILES = sorted((HERE / "cases").glob("*.json"))
SETUP = sorted((HERE / "setup").glob("*.json"))
BODIES = [
    pytest.param(request, id=f"{case['name']}-{form}-{number}")
    for path in FILES
    for case in json.loads(path.read_text("utf-8"))["cases"]
    for form, requests in case["requests"].items()
    for number, request in enumerate(requests)
]
SPANS = {
    "/api/intake/llm-obs/v1/trace/spans": "public-api",
    "/evp_proxy/v2/api/v2/llmobs": "sdk-intake",
}


def complaints(schema: str, value: Any) -> list[str]:
    validator = Draft202012Validator(SCHEMAS[schema], registry=REGISTRY)
    return [f"{error.json_path}: {error.message[:500]}" for error in validator.iter_errors(value)]


def body_schema(path: str) -> str:
    return "eval-metric" if path.endswith("/eval-metric") else SPANS[path]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_chapter_is_what_the_schema_says(path: Path) -> None:
    assert complaints("case", json.loads(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("path", SETUP, ids=lambda path: path.name)
def test_a_chapter_of_setup_is_what_its_schema_says(path: Path) -> None:
    assert complaints("setup", json.loads(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("request_", BODIES)
def test_a_body_is_what_its_intake_takes(request_: dict[str, Any]) -> None:
    # Strict JSON, unlike what Python reads by default.
    body = json.loads(request_["body"], parse_constant=pytest.fail)
    assert complaints(body_schema(request_["path"]), body) == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_a_valid_schema(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


def objects(schema: Any) -> Any:
    """Every object anywhere in a schema."""
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(part, (dict, list)):
            yield from objects(part)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_member_is_described_and_nothing_else_is_let_through(name: str) -> None:
    # What a schema leaves open: values of the application, and `_dd` beside them.
    left_open = {"metadata", "step"}
    wanted = {"description"} if name in ("case", "setup") else {"description", "$comment"}
    for schema in objects(SCHEMAS[name]):
        if "additionalProperties" not in schema or "properties" not in schema:
            continue
        assert schema["additionalProperties"] is False
        for member, described in schema["properties"].items():
            assert wanted <= described.keys(), member
    for schema in (SCHEMAS[name]["$defs"][d] for d in SCHEMAS[name]["$defs"].keys() - left_open):
        if schema.get("type") == "object":
            assert "additionalProperties" in schema


def change(value: Any, path: list[str | int], new: Any) -> Any:
    """A copy of a value with one place of it changed."""
    copy = json.loads(json.dumps(value))
    *way, last = path
    inside = copy
    for key in way:
        inside = inside[key]
    inside[last] = new
    return copy


def first_body(schema: str) -> Any:
    return next(
        json.loads(param.values[0]["body"])
        for param in BODIES
        if body_schema(param.values[0]["path"]) == schema
    )


@pytest.mark.parametrize(
    ("schema", "path", "new"),
    [
        ("public-api", ["data", "attributes", "spans", 0, "surprise"], 1),
        ("public-api", ["data", "attributes", "spans", 0, "duration"], -1),
        ("public-api", ["data", "attributes", "spans", 0, "meta", "kind"], "step"),
        ("public-api", ["data", "attributes", "spans", 0, "tags"], ["no colon"]),
        ("public-api", ["data", "attributes", "spans", 0, "meta", "input"], {"documents": []}),
        ("sdk-intake", [0, "spans", 0, "_dd", "surprise"], 1),
        ("sdk-intake", [0, "spans", 0, "meta", "tool"], {"version": "1"}),
        ("sdk-intake", [0, "spans", 0, "metrics"], {"n": "1"}),
        ("sdk-intake", [0, "spans", 0, "meta", "input"], {"prompt": {"id": "p"}}),
    ],
)
def test_a_wrong_body_is_refused(schema: str, path: list[str | int], new: Any) -> None:
    body = first_body(schema)
    assert complaints(schema, body) == []
    assert complaints(schema, change(body, path, new)) != []


PLAN = {"name": "setup-x", "says": "So.", "call": "make-plan", "given": "{}", "gives": "{}"}
REFUSED = {"field": "", "message": "no"}
REQUEST = {"url": "http://h", "headers": {}}


@pytest.mark.parametrize(
    ("members", "right"),
    [
        ({}, True),
        ({"refused": REFUSED}, False),
        ({"gives": {}}, False),
        ({"sends": [{"request": REQUEST}]}, True),
        ({"sends": [{"request": REQUEST, "dropped": "no-api-key"}]}, False),
        ({"sends": [{"agent": {"status": 0}, "request": REQUEST}]}, False),
        ({"sends": [{"agent": {"status": 0}, "means": "otherwise", "request": REQUEST}]}, True),
        ({"call": "names"}, False),
        ({"call": "diagnose"}, False),
        ({"call": "configure", "gives": [REFUSED]}, True),
        ({"call": "configure", "gives": [], "sends": [{"request": REQUEST}]}, False),
    ],
)
def test_a_case_of_setup_is_one_call(members: dict[str, Any], right: bool) -> None:
    chapter = {"version": 1, "chapter": "setup: x", "cases": [{**PLAN, **members}]}
    assert (complaints("setup", chapter) == []) is right


EVALUATION = {
    "event_kind": "evaluation",
    "eval_scope": "span",
    "join_on": {"span": {"span_id": "1", "trace_id": "a"}},
    "label": "good",
    "metric_type": "score",
    "score_value": 1,
    "ml_app": "app",
    "tags": ["ml_app:app", "witspan.version:0.1.0"],
    "timestamp_ms": 1,
}


@pytest.mark.parametrize(
    ("members", "right"),
    [
        ({}, True),
        ({"label": "9"}, False),
        ({"score_value": "1"}, False),
        ({"boolean_value": True}, False),
        ({"session_id": "s"}, False),
        ({"eval_scope": "session"}, False),
        ({"span_id": "1"}, False),
        ({"metric_type": "text", "text_value": "x"}, False),
        ({"metric_type": "boolean"}, False),
        ({"error": {"message": "x"}}, False),
        ({"status": "ERROR", "error": {"message": "x"}}, True),
    ],
)
def test_an_evaluation_is_one_value_of_one_thing(members: dict[str, Any], right: bool) -> None:
    metrics = [{**EVALUATION, **members}]
    body = {"data": {"type": "evaluation_metric", "attributes": {"metrics": metrics}}}
    assert (complaints("eval-metric", body) == []) is right
