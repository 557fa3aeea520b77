"""A model that is shown two pictures: one that can be drawn, one that could carry script."""

from __future__ import annotations

import base64

from witspan import LLMObs

DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJ"
    "RU5ErkJggg=="
)
SVG = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg' onload='hostile=1'/>").decode()


def main() -> None:
    LLMObs.enable(ml_app="media")
    with LLMObs.llm(model_name="gpt-4o", name="look"):
        parts = [
            {"mime_type": "image/png", "content": DOT},
            {"mime_type": "image/svg+xml", "content": SVG},
        ]
        LLMObs.annotate(
            input_data=[{"role": "user", "content": "What is it?", "image_parts": parts}],
            output_data="A dot.",
        )
    LLMObs.flush()


if __name__ == "__main__":
    main()
