"""A model that sees two pictures, one of which could carry script, and hears and says a sound."""

from __future__ import annotations

import base64
import io
import wave

from witspan import LLMObs

DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJ"
    "RU5ErkJggg=="
)
SVG = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg' onload='hostile=1'/>").decode()


def sound(seconds: float = 0.5) -> str:
    """Silence as a WAV file, in base64."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(b"\0\0" * int(8000 * seconds))
    return base64.b64encode(file.getvalue()).decode()


def main() -> None:
    LLMObs.enable(ml_app="media")
    with LLMObs.llm(model_name="gpt-4o-audio", name="listen"):
        # As OpenAI's client has it, and as the span has it.
        asked = [
            {"type": "text", "text": "What is said?"},
            {"type": "input_audio", "input_audio": {"data": sound(), "format": "wav"}},
        ]
        said = [{"mime_type": "audio/x-wav; rate=8000", "content": sound(1.5)}]
        LLMObs.annotate(
            input_data=[{"role": "user", "content": asked}],
            output_data=[{"role": "assistant", "content": "Nothing.", "audio_parts": said}],
        )
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
