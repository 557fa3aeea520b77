#!/usr/bin/env python3
"""Writes the conformance suite as one page for people: target/conformance/index.html.

The page is self-contained. Its few lines of script only filter by name; a content security policy
lets nothing else run or load, and everything from the cases is escaped.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SUITE = ROOT / "tests" / "conformance"
PAGE = ROOT / "target" / "conformance" / "index.html"

Json = dict[str, Any]

# Members of a step that are long texts, and those that it must give.
LONG = ("json", "contexts", "event", "failure")
GIVEN = ("refused", "dropped", "current_again", "event", "gives", "requests")
FORMATS = {"public-api": "the documented HTTP API", "sdk-intake": "as Datadog's SDKs send it"}

STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --paper: #fbfbf9; --line: #d9d9d2; --dim: #5d6472;
  --code: #f0f0ea; --accent: #245b9e; --wrong: #8a4b08; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6eb; --paper: #15171c; --line: #343943;
  --dim: #9aa2b1; --code: #1f232b; --accent: #8ab8f2; --wrong: #e0a45c; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
code, pre { font: 13px/1.45 ui-monospace, monospace; background: var(--code); border-radius: 3px; }
code { padding: .1em .3em; overflow-wrap: anywhere; }
pre { padding: .6rem; margin: .3rem 0; overflow-x: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .4rem .6rem; }
nav ul { columns: 16rem; list-style: none; padding: 0; margin: .3rem 0 1rem; }
article { border-top: 1px solid var(--line); padding: .6rem 0 1rem; }
article h3 { margin: .3rem 0; }
ol { padding-left: 2rem; }
summary { cursor: pointer; color: var(--dim); }
.gives, .dim { color: var(--dim); }
.elsewhere { color: var(--wrong); }
"""

SCRIPT = """
const search = document.querySelector("input");
const filter = () => {
  const wanted = search.value.trim().toLowerCase();
  for (const item of document.querySelectorAll("[data-name]"))
    item.hidden = !item.dataset.name.includes(wanted);
};
search.hidden = false;
search.addEventListener("input", filter);
filter();
"""


def main(arguments: list[str]) -> int:
    if arguments:
        print("usage: conformance_page.py (it takes no arguments)", file=sys.stderr)
        return 2
    # Programs, and the interface `setup`.
    files = [sorted((SUITE / folder).glob("*.json")) for folder in ("cases", "setup")]
    chapters = [json.loads(path.read_text("utf-8")) for path in files[0] + files[1]]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    # A lone surrogate in a case is shown as the question mark that UTF-8 leaves of it.
    PAGE.write_text(page(chapters), "utf-8", errors="replace")
    count = sum(len(chapter["cases"]) for chapter in chapters)
    print(f"{count} cases: {PAGE.relative_to(ROOT)}")
    return 0


def page(chapters: list[Json]) -> str:
    script = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script}'"
    count = sum(len(chapter["cases"]) for chapter in chapters)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<title>witspan: conformance suite</title>
<style>{STYLE}</style>
</head>
<body>
<h1>What every language must send</h1>
<p>{count} cases in {len(chapters)} chapters. Each is a program, run with a fixed clock and fixed
entropy, and the bytes that a receiver must get for it. Those of <code>setup</code> are one call
each: what it is given, what it gives, and the first request that follows from a plan.</p>
<input type="search" placeholder="filter by name" aria-label="filter by name" hidden>
<nav>{"".join(map(contents, chapters))}</nav>
{"".join(map(chapter_text, chapters))}
<script>{SCRIPT}</script>
</body>
</html>
"""


def contents(chapter: Json) -> str:
    names = [case["name"] for case in chapter["cases"]]
    links = (f"<li {tagged(name)}>{link(name)}</li>" for name in names)
    return f"<strong>{escape(chapter['chapter'])}</strong><ul>{''.join(links)}</ul>"


def tagged(name: str) -> str:
    return f'data-name="{escape(name.lower())}"'


def link(name: str) -> str:
    return f'<a href="#{escape(name)}">{escape(name)}</a>'


def chapter_text(chapter: Json) -> str:
    title = f"<h2>{escape(chapter['chapter'])}</h2>"
    return f"<section>{title}{''.join(map(article, chapter['cases']))}</section>"


def article(case: Json) -> str:
    name = case["name"]
    parts = [f"<h3>{link(name)}</h3>", f"<p>{escape(case['says'])}</p>"]
    if "elsewhere" in case:
        parts.append(f'<p class="elsewhere">Elsewhere: {escape(case["elsewhere"])}</p>')
    parts += call_parts(case) if "call" in case else program_parts(case)
    return f'<article id="{escape(name)}" {tagged(name)}>{"".join(parts)}</article>'


def call_parts(case: Json) -> list[str]:
    """A call of `setup`, what it gives, and what follows from a plan."""
    given = f"<pre>{escape(case['given'])}</pre>" if "given" in case else ""
    parts = [f"<p><b>{escape(case['call'])}</b></p>{given}"]
    if "refused" in case:
        field, message = case["refused"]["field"], case["refused"]["message"]
        parts.append(f'<p class="gives">→ refused {code(field)}: {escape(message)}</p>')
    elif case["call"] in ("make-plan", "variables", "names"):
        gives = escape(pretty(json.loads(case["gives"])))
        parts.append(f"<details><summary>gives</summary><pre>{gives}</pre></details>")
    else:
        parts.append(f'<p class="gives">→ {code(compact(case.get("gives")))}</p>')
    sends = "".join(f"<li>{sending(sent)}</li>" for sent in case.get("sends", []))
    return [*parts, f"<ul>{sends}</ul>"] if sends else parts


def sending(sent: Json) -> str:
    """What follows from a plan: the agent's answer, and the request or the reason of the loss."""
    words = ""
    if "agent" in sent:
        status = sent["agent"]["status"]
        said = f"The agent answers {status}" if status else "The agent does not answer"
        body = sent["agent"].get("body")
        words = said + (f" with {code(body)}" if body else "") + f" ({escape(sent['means'])}): "
    if "dropped" in sent:
        return f"{words}dropped, {code(sent['dropped'])}"
    request = sent["request"]
    over = f" over {code(request['socket'])}" if "socket" in request else ""
    added = "".join(f" + {code(header)}" for header in request.get("credentials", []))
    return f"{words}{code(request['url'])}{over} {code(compact(request['headers']))}{added}"


def program_parts(case: Json) -> list[str]:
    """The steps of a program, and what is sent and counted."""
    parts = []
    if "settings" in case:
        parts.append(f"<p>Settings: {code(compact(case['settings']))}</p>")
    parts.append(f"<ol>{''.join(map(step_text, case['program']))}</ol>")
    if "answers" in case:
        parts.append(f"<p>The receiver answers {', '.join(map(answer, case['answers']))}.</p>")
    if "verdicts" in case:
        parts.append(f'<p class="gives">→ {escape(", ".join(case["verdicts"]))}</p>')
    for form, title in FORMATS.items():
        sent = case["requests"].get(form, [])
        bodies = "".join(map(request_text, sent)) or "<p>Nothing is sent.</p>"
        requests = "1 request" if len(sent) == 1 else f"{len(sent)} requests"
        title = f"{requests}, {title}"
        parts.append(f"<details><summary>{escape(title)}</summary>{bodies}</details>")
    counters = ", ".join(f"{name} {count}" for name, count in case["statistics"].items())
    parts.append(f'<p class="dim">Counted: {escape(counters or "nothing")}</p>')
    return parts


def step_text(step: Json) -> str:
    """A step on a line, its long texts below it, and what it must give last."""
    said = {key: value for key, value in step.items() if key not in ("do", "span")}
    words = f"<b>{escape(step['do'])}</b> "
    if "span" in step:
        words += code(step["span"]) + " "
    plain = {key: value for key, value in said.items() if key not in LONG + GIVEN}
    # The ids are what an export gives; elsewhere these names do not occur.
    ids = {key: plain.pop(key) for key in ("span_id", "trace_id") if key in plain}
    words += ", ".join(labelled(key, value) for key, value in plain.items())
    for key in LONG:
        if key in said and key not in GIVEN:
            label = "" if key == "json" else f"<div>{escape(key)}</div>"
            words += label + "".join(f"<pre>{escape(text)}</pre>" for text in texts(said[key]))
    given = {**ids, **{key: said[key] for key in GIVEN if key in said}}
    for key, value in given.items():
        words += f'<div class="gives">→ {labelled(key, value)}</div>'
    return f"<li>{words}</li>"


def labelled(key: str, value: Any) -> str:
    name = key.replace("_", " ")
    if value is True:
        return escape(name)
    if key == "ns":
        return escape(duration(value))
    return f"{escape(name)} {code(value if isinstance(value, str) else compact(value))}"


def texts(value: Any) -> Iterable[str]:
    for text in value if isinstance(value, list) else [value]:
        yield text if isinstance(text, str) else pretty(text)


def duration(ns: int) -> str:
    """In the largest unit that shows it exactly."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("µs", 10**3)):
        if ns >= size and ns * 10 % size == 0:
            return f"{ns / size:.15g} {unit}"
    return f"{ns:,} ns"


def answer(said: Json) -> str:
    status = "by closing the connection" if said["status"] == 0 else str(said["status"])
    headers = said.get("headers", {})
    return status + "".join(f" with {code(f'{name}: {value}')}" for name, value in headers.items())


def request_text(request: Json) -> str:
    head = [f"POST {request['path']}"]
    head += [f"{name}: {value}" for name, value in request["headers"].items()]
    body = pretty(json.loads(request["body"]))
    return f"<pre>{escape(chr(10).join(head))}</pre><pre>{escape(body)}</pre>"


def code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
