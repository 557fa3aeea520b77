"""Answers a question about this repository from its own documents, and traces how.

    python examples/python/agent.py "How does a span find its parent?"

One run is one trace. Where it goes is configured by the DD_* environment; see the README.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import uuid
from pathlib import Path

import manifest
from documents import read_documents
from endpoint import connect
from index import Index
from librarian import Librarian
from manifest import made
from witspan import LLMObs
from witspan.decorators import task

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "How does a span find its parent, and why can it be dropped?"


async def ask(question: str, session_id: str) -> str:
    """Reads, searches, answers: the root of the trace."""
    async with connect() as endpoint:
        # An inline span, because the session is only known at run time.
        with LLMObs.workflow(name="ask", session_id=session_id):
            made("ask", "workflow")
            LLMObs.annotate(
                input_data=question,
                metadata={"chat_model": endpoint.chat_model},
                tags={"example": "docs-agent"},
            )
            passages = read_documents(ROOT)
            index = Index(endpoint, passages)
            await index.build()
            librarian = Librarian(endpoint, index, ROOT, show)
            answer = await librarian.answer(question)
            check_citations(answer, sorted(librarian.sources))
            LLMObs.annotate(output_data=answer)
    return answer


@task
def check_citations(answer: str, sources: list[str]) -> dict[str, list[str]]:
    """Which sources the answer names, and which of those it was never given."""
    made("check_citations", "task", under="ask")
    cited = sorted(set(re.findall(r"\[([^\[\]\s]+)\]", answer)))
    return {"cited": cited, "unknown": [each for each in cited if each not in sources]}


def show(piece: str) -> None:
    """Prints a piece of the answer as it comes."""
    print(piece, end="", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("question", nargs="?", default=QUESTION)
    parser.add_argument("--session", default=f"docs-{uuid.uuid4().hex[:8]}", help="session id")
    arguments = parser.parse_args()

    LLMObs.enable()
    try:
        asyncio.run(ask(arguments.question, arguments.session))
        print()
    finally:
        LLMObs.flush(timeout=10)
        print(f"spans: {LLMObs.statistics()}", file=sys.stderr)
        LLMObs.disable()
        manifest.write()


if __name__ == "__main__":
    main()
