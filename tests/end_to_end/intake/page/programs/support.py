"""A support agent that answers one question: a trace with everything a span can hold.

Sent by witspan's own Python binding, to where the environment says. `answer` is also what the
pictures of the README are taken of.
"""

from __future__ import annotations

import argparse
import json
import time

from witspan import LLMObs

QUESTION = "My parcel has not moved for a week. Where is it?"
REPLY = (
    "Your parcel 4711 left Lyon on Monday and waits at the depot in Basel, where it could not be "
    "delivered twice. I have asked the depot to try once more tomorrow morning."
)
TEMPLATE = "Answer {{question}} for {{customer}}, from these notes only:\n{{notes}}"
TOOLS = [
    {
        "name": "track_parcel",
        "description": "Where a parcel is now.",
        "schema": {
            "type": "object",
            "properties": {"number": {"type": "string"}},
            "required": ["number"],
        },
    },
    {"name": "refund", "description": "Gives the money back.", "schema": {"type": "object"}},
]
TRACKED = {"number": "4711", "place": "Basel", "events": ["left Lyon", "not delivered", "waits"]}
DOCUMENTS = [
    {"name": "parcels.md", "id": "doc-3", "text": "A parcel waits seven days.", "score": 0.91},
    {"name": "refunds.md", "id": "doc-9", "text": "Lost after 14 days.", "score": 0.44},
]


def call(name: str) -> dict[str, object]:
    return {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {
                "name": name,
                "arguments": {"number": "4711"},
                "tool_id": "call-1",
                "type": "function",
            }
        ],
    }


def answer(
    question: str = QUESTION,
    session: str = "chat-1",
    fail: bool = False,
    model: str = "gpt-4o",
    pause: float = 0.004,
    tags: dict[str, str] | None = None,
    reply: str = REPLY,
    judged: bool = True,
) -> None:
    """One trace. `pause` is how long its slow steps take, in seconds."""
    root = LLMObs.workflow(name="answer_customer", session_id=session)
    with root:
        exported = LLMObs.export_span(root)
        LLMObs.annotate(input_data=question, tags={"team": "support", **(tags or {})})
        with LLMObs.agent(name="helper"):
            LLMObs.annotate(input_data=question)
            decide(question, model, pause)
            try:
                track(fail, pause)
            except TimeoutError as error:
                # The span of the tool is marked; the agent goes on without it.
                LLMObs.annotate(metadata={"tool_failed": str(error)})
            notes(question, pause)
            judged_span = write(question, model, pause, reply)
            LLMObs.annotate(output_data=reply)
        with LLMObs.task(name="check_tone"):
            time.sleep(pause / 4)
            LLMObs.annotate(input_data=reply, output_data={"polite": True, "length": len(reply)})
        LLMObs.annotate(output_data=reply)
    if judged:
        LLMObs.submit_evaluation(
            "grounded",
            "score",
            0.94,
            span=judged_span,
            assessment="pass",
            reasoning="Every sentence has a note.",
            tags={"judge": "rules"},
        )
        LLMObs.submit_evaluation("tone", "categorical", "warm", span=exported, eval_scope="trace")
        LLMObs.submit_feedback(
            "thumb", "categorical", "up", {"id": "customer-7", "type": "user"}, span=exported
        )


def decide(question: str, model: str, pause: float) -> None:
    with LLMObs.llm(model_name=model, name="decide", model_provider="openai"):
        time.sleep(pause * 2)
        LLMObs.annotate(
            input_data=[
                {"role": "system", "content": "You help customers of a parcel service."},
                {"role": "user", "content": question},
            ],
            output_data=[call("track_parcel")],
            metadata={"temperature": 0.2, "finish_reason": "tool_calls"},
            metrics={
                "input_tokens": 312,
                "output_tokens": 18,
                "total_tokens": 330,
                "input_cost": 0.00078,
                "output_cost": 0.00018,
            },
            tool_definitions=TOOLS,
        )


def track(fail: bool, pause: float) -> None:
    with LLMObs.tool(name="track_parcel"):
        time.sleep(pause)
        LLMObs.annotate(input_data={"number": "4711"})
        if fail:
            raise TimeoutError("the carrier did not answer within 5 s")
        LLMObs.annotate(output_data=TRACKED)


def notes(question: str, pause: float) -> None:
    with LLMObs.embedding(model_name="text-embedding-3-small", name="embed"):
        time.sleep(pause / 2)
        LLMObs.annotate(
            input_data=question,
            output_data="1 vector of 1536 numbers",
            metrics={"input_tokens": 12, "total_tokens": 12},
        )
    with LLMObs.retrieval(name="find_notes"):
        time.sleep(pause / 2)
        LLMObs.annotate(input_data=question, output_data=DOCUMENTS, metadata={"searched": 214})


def write(question: str, model: str, pause: float, reply: str) -> dict[str, str] | None:
    prompt = {
        "id": "support-answer",
        "version": "3",
        "template": TEMPLATE,
        "variables": {"question": question, "customer": "Ada", "notes": "parcels.md"},
    }
    with LLMObs.llm(model_name=model, name="write", model_provider="openai") as span:
        time.sleep(pause * 4)
        LLMObs.annotate(
            prompt=prompt,
            input_data=[
                {"role": "user", "content": question},
                call("track_parcel"),
                {"role": "tool", "tool_call_id": "call-1", "content": json.dumps(TRACKED)},
            ],
            output_data=[{"role": "assistant", "content": reply}],
            metadata={"temperature": 0.2, "options": {"stop": ["END"], "seed": 7}},
            metrics={
                "input_tokens": 820,
                "output_tokens": 54,
                "total_tokens": 874,
                "input_cost": 0.00205,
                "output_cost": 0.00054,
            },
        )
        return LLMObs.export_span(span)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--app", default="support-bot")
    parser.add_argument("--session", default="chat-1")
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--reply", default=REPLY)
    parser.add_argument("--model", default="gpt-4o")
    parser.add_argument("--tag", default="")
    parser.add_argument("--fail", action="store_true")
    parser.add_argument("--unjudged", action="store_true")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.004, help="seconds")
    arguments = parser.parse_args()
    key, _, value = arguments.tag.partition(":")
    LLMObs.enable(ml_app=arguments.app)
    for _ in range(arguments.count):
        answer(
            question=arguments.question,
            session=arguments.session,
            fail=arguments.fail,
            model=arguments.model,
            pause=arguments.pause,
            tags={key: value} if key else None,
            reply=arguments.reply,
            judged=not arguments.unjudged,
        )
    LLMObs.flush()


if __name__ == "__main__":
    main()
