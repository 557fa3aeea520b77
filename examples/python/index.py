"""Search by meaning: embeds passages once, then finds those nearest to a query."""

from __future__ import annotations

import heapq
import math
from typing import Any

from documents import Passage
from endpoint import Endpoint
from manifest import made
from witspan import LLMObs
from witspan.decorators import retrieval

Document = dict[str, Any]
Vector = list[float]

PASSAGES_PER_REQUEST = 256


class Index:
    """Passages and their vectors, in memory."""

    def __init__(self, endpoint: Endpoint, passages: list[Passage]) -> None:
        self.endpoint = endpoint
        self.passages = passages
        self.vectors: list[Vector] = []

    async def build(self) -> None:
        """Embeds every passage."""
        documents = [{"name": each.source, "text": each.text} for each in self.passages]
        self.vectors = await self.embed("embed_passages", documents, under="ask")

    async def embed(self, name: str, documents: list[Document], under: str) -> list[Vector]:
        """One embedding span around one or more calls of the embedding model."""
        model = self.endpoint.embedding_model
        provider = self.endpoint.provider
        with LLMObs.embedding(model_name=model, name=name, model_provider=provider):
            made(name, "embedding", under=under, label=f"{name} of {under}")
            LLMObs.annotate(input_data=documents)
            vectors: list[Vector] = []
            input_tokens = 0
            for start in range(0, len(documents), PASSAGES_PER_REQUEST):
                texts = [each["text"] for each in documents[start : start + PASSAGES_PER_REQUEST]]
                response = await self.endpoint.client.embeddings.create(model=model, input=texts)
                vectors += [normal(each.embedding) for each in response.data]
                input_tokens += response.usage.prompt_tokens
            size = len(vectors[0]) if vectors else 0
            LLMObs.annotate(
                output_data=f"{len(vectors)} vectors of {size} numbers",
                metrics={"input_tokens": input_tokens, "total_tokens": input_tokens},
            )
        return vectors

    @retrieval
    def nearest(self, query: str, vector: Vector, count: int = 3) -> list[dict[str, Any]]:
        """The `count` passages nearest to `vector`, with their cosine similarity."""
        made("nearest", "retrieval", under=f"search {query}", label=f"nearest to {query}")
        products = (sum(a * b for a, b in zip(vector, other)) for other in self.vectors)
        # Rounded before they are compared: equal scores keep the order of the documents.
        scores = [round(product, 4) for product in products]
        best = heapq.nlargest(count, range(len(scores)), key=scores.__getitem__)
        found = [
            {
                "source": self.passages[at].source,
                "text": self.passages[at].text,
                "score": scores[at],
            }
            for at in best
        ]
        # The query is the input a reader wants to see; the vector says nothing.
        LLMObs.annotate(
            input_data=query,
            output_data=[
                {"name": each["source"], "text": each["text"], "score": each["score"]}
                for each in found
            ],
            metadata={"searched": len(scores), "count": count},
        )
        return found


def normal(vector: Vector) -> Vector:
    """`vector` with length 1, so that a dot product is the cosine."""
    length = math.hypot(*vector) or 1.0
    return [each / length for each in vector]
