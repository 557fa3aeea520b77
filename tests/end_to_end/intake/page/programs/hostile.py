"""Text that tries to run, to draw or to mislead, in every place a span has for text."""

from __future__ import annotations

from witspan import LLMObs

RUN = "window.hostile=1"
TEXTS = [
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f'"><svg onload={RUN}>',
    f"javascript:{RUN}",
    f"</pre></main><iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<a href='javascript:{RUN}'>press me</a>",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    "<style>*{display:none}</style><form action=//x><input name=q></form>",
]
#: Turns the direction of what follows, hides in a name, ends a line.
MISLEADING = "paid\u202egnp.exe\u2066 \u200bok\x00\nsecond line"
EVERYTHING = " ".join(TEXTS)
HUGE = "<b>" * 400_000


def main() -> None:
    LLMObs.enable(ml_app="hostile")
    keys = {text: {text: [text]} for text in TEXTS}
    root = LLMObs.workflow(name=TEXTS[0], session_id=TEXTS[1])
    with root:
        LLMObs.annotate(
            input_data=EVERYTHING,
            output_data=keys,
            metadata={"__proto__": {"polluted": 1}, "constructor": TEXTS[3], **keys},
            tags={TEXTS[0]: TEXTS[1], "plain": TEXTS[4]},
            metrics={TEXTS[1].replace(".", ""): 1},
        )
        with LLMObs.llm(model_name=TEXTS[1], name=MISLEADING, model_provider=TEXTS[0]):
            LLMObs.annotate(
                input_data=[{"role": text, "content": text} for text in TEXTS],
                output_data=[
                    {
                        "role": "assistant",
                        "content": EVERYTHING,
                        "tool_calls": [
                            {
                                "name": TEXTS[0],
                                "arguments": keys,
                                "tool_id": TEXTS[1],
                                "type": TEXTS[2],
                            }
                        ],
                    }
                ],
                prompt={
                    "id": TEXTS[0],
                    "version": TEXTS[1],
                    "template": f"{TEXTS[0]} {{{{{TEXTS[2]}}}}} {{{{name}}}}",
                    "variables": {"name": TEXTS[0], TEXTS[2]: TEXTS[1]},
                },
                tool_definitions=[
                    {"name": TEXTS[0], "description": TEXTS[1], "schema": {"title": TEXTS[2]}}
                ],
            )
        with LLMObs.retrieval(name=TEXTS[3]):
            LLMObs.annotate(
                input_data=TEXTS[0],
                output_data=[{"name": text, "text": text, "id": text} for text in TEXTS],
            )
        with LLMObs.tool(name=TEXTS[4]):
            LLMObs.annotate(input_data={TEXTS[0]: TEXTS[1]}, output_data=EVERYTHING)
        with LLMObs.task(name="huge"):
            LLMObs.annotate(input_data=HUGE, output_data=[HUGE, {"deep": HUGE}])
        try:
            with LLMObs.task(name=TEXTS[5]):
                raise RuntimeError(EVERYTHING)
        except RuntimeError:
            pass
        exported = LLMObs.export_span(root)
    LLMObs.submit_evaluation(
        "hostile_label",
        "categorical",
        TEXTS[0],
        span=exported,
        reasoning=EVERYTHING,
        tags={"a": TEXTS[1]},
    )
    LLMObs.submit_feedback(
        "words", "text", EVERYTHING, {"id": TEXTS[1], "type": "user"}, session_id=TEXTS[1]
    )
    LLMObs.flush()


if __name__ == "__main__":
    main()
