"""The agent: lets a model choose how to look into the documents, then has it write an answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from endpoint import Endpoint
from index import Index
from manifest import made
from witspan import LLMObs
from witspan.decorators import agent, tool, workflow

Message = Any  # a dict in the shape of OpenAI's API

MAX_TURNS = 4
DOCUMENT_CHARACTERS = 6000

INSTRUCTIONS = (
    "You answer questions about a software repository from its own documents. Read a document "
    "or search first. Use only what the tools give you, and name the source of each statement "
    "in square brackets, such as [README.md:12]."
)


def _tool(name: str, description: str, parameter: str, meaning: str) -> Any:
    """A tool with one text parameter, as the chat completions API wants it."""
    properties = {parameter: {"type": "string", "description": meaning}}
    schema = {"type": "object", "properties": properties, "required": [parameter]}
    function = {"name": name, "description": description, "parameters": schema}
    return {"type": "function", "function": function}


TOOLS = [
    _tool("read_document", "Reads one document.", "path", "Its path in the repository."),
    _tool("search", "Finds the passages nearest in meaning.", "query", "What to look for."),
]


class Librarian:
    """Answers one question. `show` gets the answer piece by piece as it comes."""

    def __init__(
        self, endpoint: Endpoint, index: Index, root: Path, show: Callable[[str], None]
    ) -> None:
        self.endpoint = endpoint
        self.index = index
        self.root = root
        self.show = show
        self.turn = 0
        self.sources: set[str] = set()

    @agent(name="librarian")
    async def answer(self, question: str) -> str:
        """Turns of deciding and using tools until something was found, then the answer."""
        made("librarian", "agent", under="ask")
        messages: list[Message] = [
            {"role": "system", "content": INSTRUCTIONS},
            {"role": "user", "content": question},
        ]
        while not self.sources and self.turn < MAX_TURNS:
            self.turn += 1
            reply = await self.decide(messages)
            messages.append(reply)
            if not reply.get("tool_calls"):
                break
            messages += await self.use_tools(reply["tool_calls"])
        return await self.write(messages)

    async def decide(self, messages: list[Message]) -> Message:
        """Asks the model what to do next. Its reply is a message in OpenAI's own shape."""
        model, provider = self.endpoint.chat_model, self.endpoint.provider
        with LLMObs.llm(model_name=model, name="decide", model_provider=provider):
            made("decide", "llm", under="librarian", label=f"decide {self.turn}")
            # The input goes in before the call, so that a call that fails still shows it.
            LLMObs.annotate(
                input_data=messages,
                metadata={"temperature": 0, "tools": [each["function"]["name"] for each in TOOLS]},
                tags={"turn": self.turn},
            )
            completion = await self.endpoint.client.chat.completions.create(
                model=model, messages=messages, tools=TOOLS, temperature=0
            )
            choice = completion.choices[0]
            reply = choice.message.model_dump(exclude_none=True)
            LLMObs.annotate(
                output_data=[reply],
                metadata={"finish_reason": choice.finish_reason},
                metrics=tokens(completion.usage),
            )
        return reply

    @workflow
    async def use_tools(self, calls: list[Any]) -> list[Message]:
        """Runs what the model asked for in one turn, all at the same time."""
        made("use_tools", "workflow", under="librarian", label=f"use_tools {self.turn}")
        return await asyncio.gather(*(self.use_tool(call) for call in calls))

    async def use_tool(self, call: Any) -> Message:
        """Runs one tool. An error becomes an answer to the model, which may choose another way."""
        name = call["function"]["name"]
        try:
            arguments = json.loads(call["function"]["arguments"])
            if name == "read_document":
                content = await asyncio.to_thread(self.read_document, arguments["path"])
            elif name == "search":
                found = await self.search(arguments["query"])
                # Short, and in one order: what a model reads is the same from every language.
                content = json.dumps(
                    found, ensure_ascii=False, sort_keys=True, separators=(",", ":")
                )
            else:
                raise ValueError(f"there is no tool `{name}`")
        except (OSError, ValueError, KeyError) as error:
            # The exception has left the tool's span, which is marked with it; here it ends.
            content = f"error: {error}"
        return {"role": "tool", "tool_call_id": call["id"], "content": content}

    @tool
    def read_document(self, path: str) -> str:
        """The beginning of one document. Nothing outside the repository is read."""
        made("read_document", "tool", under=f"use_tools {self.turn}", label=f"read {path}")
        file = (self.root / path).resolve()
        if not file.is_relative_to(self.root) or not file.is_file():
            raise FileNotFoundError(f"no document `{path}`")
        text = file.read_text(encoding="utf-8")[:DOCUMENT_CHARACTERS]
        self.sources.add(path)
        return text

    @tool
    async def search(self, query: str) -> list[dict[str, Any]]:
        """The passages nearest to `query`."""
        made("search", "tool", under=f"use_tools {self.turn}", label=f"search {query}")
        [vector] = await self.index.embed("embed_query", [{"text": query}], f"search {query}")
        # The comparison is work for a processor: in a thread it does not hold up the others.
        found = await asyncio.to_thread(self.index.nearest, query, vector)
        self.sources.update(each["source"] for each in found)
        return found

    async def write(self, messages: list[Message]) -> str:
        """Has the model write the answer, streamed."""
        model, provider = self.endpoint.chat_model, self.endpoint.provider
        with LLMObs.llm(model_name=model, name="write", model_provider=provider):
            made("write", "llm", under="librarian")
            LLMObs.annotate(input_data=messages, metadata={"temperature": 0, "stream": True})
            started = time.perf_counter()
            metrics: dict[str, float] = {}
            pieces: list[str] = []
            stream = await self.endpoint.client.chat.completions.create(
                model=model,
                messages=messages,
                tools=TOOLS,
                tool_choice="none",
                temperature=0,
                stream=True,
                stream_options={"include_usage": True},
            )
            async for chunk in stream:
                piece = chunk.choices[0].delta.content if chunk.choices else None
                if piece:
                    metrics.setdefault("time_to_first_token", time.perf_counter() - started)
                    pieces.append(piece)
                    self.show(piece)
                metrics.update(tokens(chunk.usage))
            text = "".join(pieces)
            LLMObs.annotate(output_data=[{"role": "assistant", "content": text}], metrics=metrics)
        return text


def tokens(usage: Any) -> dict[str, int]:
    """The usage of a response, under the names that LLM Observability gives meaning to."""
    if usage is None:
        return {}
    return {
        "input_tokens": usage.prompt_tokens,
        "output_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }
