"""Where the models are: a real OpenAI-compatible endpoint, or the stand-in on loopback."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import standin_server
from openai import AsyncOpenAI, DefaultAsyncHttpxClient


@dataclass(frozen=True)
class Endpoint:
    """A client and the names to use with it."""

    client: AsyncOpenAI
    chat_model: str
    embedding_model: str
    provider: str


@contextlib.asynccontextmanager
async def connect() -> AsyncIterator[Endpoint]:
    """The endpoint of OPENAI_BASE_URL; without one, a stand-in that lives as long as the block."""
    if os.environ.get("OPENAI_BASE_URL"):
        # The client takes the address and OPENAI_API_KEY from the environment itself.
        async with AsyncOpenAI() as client:
            yield Endpoint(
                client,
                os.environ.get("OPENAI_MODEL", "gpt-4o-mini"),
                os.environ.get("OPENAI_EMBEDDING_MODEL", "text-embedding-3-small"),
                "openai",
            )
        return
    with standin_server.running() as base_url:
        # A proxy of the environment must not get a request that is for this process.
        http_client = DefaultAsyncHttpxClient(trust_env=False)
        client = AsyncOpenAI(base_url=base_url, api_key="not-needed", http_client=http_client)
        async with client:
            yield Endpoint(client, "standin-chat-1", "standin-embed-1", "standin")
