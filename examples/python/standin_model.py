"""The rules of the stand-in: what it says to a conversation, and its embeddings.

This is no language model. It lets the example run without an account or a network, and gives
the same answer every time. It plays a model that first guesses a document which is not there,
then searches three ways at once, then quotes the sentences that share the most words with the
question. Everything else of the example is what a real endpoint would see.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

DIMENSIONS = 256
QUOTES = 4

_COMMON = (
    "a about an and any are as at be been by can did do does find for from get give has have how "
    "i if in into is it its may me must my no not of on one only or out say so than that the "
    "their them then there they this to use was we what when where which who why will with you "
    "your"
)
_STOP_WORDS = frozenset(_COMMON.split())


def keywords(text: str) -> list[str]:
    """The words of `text` that carry meaning, lower-cased, each once, in order."""
    words = re.findall(r"[a-z][a-z0-9]+", text.lower())
    return list(dict.fromkeys(word for word in words if word not in _STOP_WORDS))


def stem(word: str) -> str:
    """`dropped`, `drops` and `drop` count as one word."""
    short = re.sub(r"(?:ing|ed|es|s)$", "", word) if len(word) > 4 else word
    return re.sub(r"([^aeiou])\1$", r"\1", short)


def count_tokens(text: str) -> int:
    """Words and signs. Real tokenizers count differently; this is near enough to look at."""
    return len(re.findall(r"\w+|[^\w\s]", text))


def embed(text: str) -> list[float]:
    """A vector in which each word of `text` has a place, found by hashing."""
    vector = [0.0] * DIMENSIONS
    for word in keywords(text):
        digest = hashlib.blake2b(stem(word).encode(), digest_size=4).digest()
        place = int.from_bytes(digest[:2], "big") % DIMENSIONS
        vector[place] += 1.0 if digest[2] & 1 else -1.0
    length = math.hypot(*vector) or 1.0
    return [each / length for each in vector]


def reply(request: dict[str, Any]) -> dict[str, Any]:
    """The assistant's message to a chat completions request."""
    messages = request["messages"]
    question = _last(messages, "user")
    tools = {each["function"]["name"] for each in request.get("tools") or []}
    if request.get("tool_choice") == "none":
        tools = set()
    results = [_text(each) for each in messages if each.get("role") == "tool"]
    turn = sum(each.get("role") == "assistant" for each in messages) + 1

    if "read_document" in tools and not results:
        guess = "docs/" + "-".join(keywords(question)[:6]) + ".md"
        return _calls(turn, "read_document", "path", [guess])
    if "search" in tools and all(each.startswith("error:") for each in results):
        return _calls(turn, "search", "query", _queries(question))
    return {"role": "assistant", "content": _answer(question, results)}


def _queries(question: str) -> list[str]:
    """Three different ways to ask for the same."""
    words = keywords(question) or [question]
    half = len(words) // 2
    whole = " ".join(words)
    ways = [whole, " ".join(words[:half]), " ".join(words[half:]), f"{whole} meaning"]
    ways.append(f"{whole} limits")
    return list(dict.fromkeys(way for way in ways if way))[:3]


def _answer(question: str, results: list[str]) -> str:
    """Quotes from what the tools gave, best first."""
    wanted = {stem(word) for word in keywords(question)}
    best: dict[str, tuple[int, str]] = {}
    for source, text in _passages(results):
        for sentence in _sentences(text):
            shared = len(wanted & {stem(word) for word in keywords(sentence)})
            if shared > best.get(sentence, (0, ""))[0]:
                best[sentence] = (shared, source)
    ranked = sorted(best.items(), key=lambda item: (-item[1][0], len(item[0])))[:QUOTES]
    if not ranked:
        return "I am a stand-in, not a model, and found no sentence that fits the question."
    quotes = [f"- {sentence} [{source}]" for sentence, (_, source) in ranked]
    opening = "I am a stand-in, not a model. The sentences that fit the question best:"
    return "\n".join([opening, *quotes])


def _passages(results: list[str]) -> list[tuple[str, str]]:
    """(source, text) of every passage in the results of searches."""
    found: dict[tuple[str, str], None] = {}
    for result in results:
        try:
            passages = json.loads(result)
        except ValueError:
            continue
        if isinstance(passages, list):
            found.update({(each["source"], each["text"]): None for each in passages})
    return list(found)


def _sentences(text: str) -> list[str]:
    """Sentences in prose and in the comments of WIT; code, tables and headings are left out."""
    lines = []
    for line in text.splitlines():
        comment = re.match(r"\s*///? ?(.*)", line)
        prose = comment[1] if comment else line
        if comment is None and re.search(r"[{};|#]|^\s{4}", line):
            prose = ""
        lines.append(prose)
    paragraphs = re.split(r"\n\s*\n", "\n".join(lines))
    flat = (re.sub(r"\s+", " ", each.strip().lstrip("-* ")) for each in paragraphs)
    sentences = [part for each in flat for part in re.split(r"(?<=[.!?])\s+(?=[A-Z`])", each)]
    return [each for each in sentences if len(each) > 20 and each.endswith((".", "!", "?"))]


def _calls(turn: int, name: str, parameter: str, values: list[str]) -> dict[str, Any]:
    calls = [
        {
            "id": f"call_{turn}_{number}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps({parameter: value})},
        }
        for number, value in enumerate(values, start=1)
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def _last(messages: list[dict[str, Any]], role: str) -> str:
    return next((_text(each) for each in reversed(messages) if each.get("role") == role), "")


def _text(message: dict[str, Any]) -> str:
    """The content of a message, which may be a text, a list of parts, or null."""
    content = message.get("content") or ""
    if isinstance(content, list):
        return "\n".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content
