"""Decorators that make a span of each call of a function.

    from witspan.decorators import llm, workflow

    @workflow
    def answer(question): ...

    @llm(model_name="gpt-4o", model_provider="openai")
    async def ask(prompt): ...

They work on functions, methods, coroutines, generators and async generators. workflow, task,
tool and agent capture the arguments and the returned value, retrieval the arguments, llm the
returned value; what the body annotates itself takes precedence. Of a generator what it yields is
captured in the place of a returned value. Capturing never raises. Where ddtrace has
`_automatic_io_annotation`, False leaves arguments and results out.
"""

from typing import Any, Callable, Optional, overload

from . import _log
from ._wrapping import F, decorator

__all__ = ["agent", "embedding", "llm", "retrieval", "task", "tool", "workflow"]


@overload
def llm(original_func: F) -> F: ...
@overload
def llm(
    original_func: None = None,
    model_name: Optional[str] = None,
    model_provider: Optional[str] = None,
    name: Optional[str] = None,
    session_id: Optional[str] = None,
    ml_app: Optional[str] = None,
    agent_service: Optional[str] = None,
) -> Callable[[F], F]: ...
def llm(
    original_func: Optional[F] = None,
    model_name: Optional[str] = None,
    model_provider: Optional[str] = None,
    name: Optional[str] = None,
    session_id: Optional[str] = None,
    ml_app: Optional[str] = None,
    agent_service: Optional[str] = None,
) -> Any:
    """Each call is one call of a model. Captures what it returns, as messages."""
    options = {
        "model_name": model_name,
        "model_provider": model_provider,
        "name": name,
        "session_id": session_id,
        "ml_app": ml_app,
        "agent_service": agent_service,
    }
    return decorator(original_func, "llm", options, False, True)


@overload
def embedding(original_func: F) -> F: ...
@overload
def embedding(
    original_func: None = None,
    model_name: Optional[str] = None,
    model_provider: Optional[str] = None,
    name: Optional[str] = None,
    session_id: Optional[str] = None,
    ml_app: Optional[str] = None,
    agent_service: Optional[str] = None,
) -> Callable[[F], F]: ...
def embedding(
    original_func: Optional[F] = None,
    model_name: Optional[str] = None,
    model_provider: Optional[str] = None,
    name: Optional[str] = None,
    session_id: Optional[str] = None,
    ml_app: Optional[str] = None,
    agent_service: Optional[str] = None,
) -> Any:
    """Each call is one call of an embedding model. Captures nothing."""
    options = {
        "model_name": model_name,
        "model_provider": model_provider,
        "name": name,
        "session_id": session_id,
        "ml_app": ml_app,
        "agent_service": agent_service,
    }
    return decorator(original_func, "embedding", options, False, False)


@overload
def workflow(original_func: F) -> F: ...
@overload
def workflow(
    original_func: None = None,
    name: Optional[str] = None,
    session_id: Optional[str] = None,
    ml_app: Optional[str] = None,
    agent_service: Optional[str] = None,
    version: Optional[str] = None,
    _automatic_io_annotation: bool = True,
) -> Callable[[F], F]: ...
def workflow(
    original_func: Optional[F] = None,
    name: Optional[str] = None,
    session_id: Optional[str] = None,
    ml_app: Optional[str] = None,
    agent_service: Optional[str] = None,
    version: Optional[str] = None,
    _automatic_io_annotation: bool = True,
) -> Any:
    """Each call is a fixed sequence of steps. Captures arguments and result."""
    options = {
        "name": name,
        "session_id": session_id,
        "ml_app": ml_app,
        "agent_service": agent_service,
    }
    _check_version(version)
    captured = _automatic_io_annotation
    return decorator(original_func, "workflow", options, captured, captured)


@overload
def agent(original_func: F) -> F: ...
@overload
def agent(
    original_func: None = None,
    name: Optional[str] = None,
    session_id: Optional[str] = None,
    ml_app: Optional[str] = None,
    agent_service: Optional[str] = None,
    version: Optional[str] = None,
    _automatic_io_annotation: bool = True,
) -> Callable[[F], F]: ...
def agent(
    original_func: Optional[F] = None,
    name: Optional[str] = None,
    session_id: Optional[str] = None,
    ml_app: Optional[str] = None,
    agent_service: Optional[str] = None,
    version: Optional[str] = None,
    _automatic_io_annotation: bool = True,
) -> Any:
    """Each call is a sequence of steps that a model chooses. Captures arguments and result.

    `version` is the agent's.
    """
    options = {
        "name": name,
        "session_id": session_id,
        "ml_app": ml_app,
        "agent_service": agent_service,
        "version": version,
    }
    captured = _automatic_io_annotation
    return decorator(original_func, "agent", options, captured, captured)


@overload
def tool(original_func: F) -> F: ...
@overload
def tool(
    original_func: None = None,
    name: Optional[str] = None,
    session_id: Optional[str] = None,
    ml_app: Optional[str] = None,
    agent_service: Optional[str] = None,
    version: Optional[str] = None,
    _automatic_io_annotation: bool = True,
) -> Callable[[F], F]: ...
def tool(
    original_func: Optional[F] = None,
    name: Optional[str] = None,
    session_id: Optional[str] = None,
    ml_app: Optional[str] = None,
    agent_service: Optional[str] = None,
    version: Optional[str] = None,
    _automatic_io_annotation: bool = True,
) -> Any:
    """Each call is one of a program or service outside. Captures arguments and result."""
    options = {
        "name": name,
        "session_id": session_id,
        "ml_app": ml_app,
        "agent_service": agent_service,
    }
    _check_version(version)
    captured = _automatic_io_annotation
    return decorator(original_func, "tool", options, captured, captured)


@overload
def task(original_func: F) -> F: ...
@overload
def task(
    original_func: None = None,
    name: Optional[str] = None,
    session_id: Optional[str] = None,
    ml_app: Optional[str] = None,
    agent_service: Optional[str] = None,
    version: Optional[str] = None,
    _automatic_io_annotation: bool = True,
) -> Callable[[F], F]: ...
def task(
    original_func: Optional[F] = None,
    name: Optional[str] = None,
    session_id: Optional[str] = None,
    ml_app: Optional[str] = None,
    agent_service: Optional[str] = None,
    version: Optional[str] = None,
    _automatic_io_annotation: bool = True,
) -> Any:
    """Each call is one step inside the application. Captures arguments and result."""
    options = {
        "name": name,
        "session_id": session_id,
        "ml_app": ml_app,
        "agent_service": agent_service,
    }
    _check_version(version)
    captured = _automatic_io_annotation
    return decorator(original_func, "task", options, captured, captured)


@overload
def retrieval(original_func: F) -> F: ...
@overload
def retrieval(
    original_func: None = None,
    name: Optional[str] = None,
    session_id: Optional[str] = None,
    ml_app: Optional[str] = None,
    agent_service: Optional[str] = None,
    version: Optional[str] = None,
    _automatic_io_annotation: bool = True,
) -> Callable[[F], F]: ...
def retrieval(
    original_func: Optional[F] = None,
    name: Optional[str] = None,
    session_id: Optional[str] = None,
    ml_app: Optional[str] = None,
    agent_service: Optional[str] = None,
    version: Optional[str] = None,
    _automatic_io_annotation: bool = True,
) -> Any:
    """Each call is one search in a knowledge base. Captures the arguments."""
    options = {
        "name": name,
        "session_id": session_id,
        "ml_app": ml_app,
        "agent_service": agent_service,
    }
    _check_version(version)
    return decorator(original_func, "retrieval", options, _automatic_io_annotation, False)


def _check_version(version: Optional[str]) -> None:
    if version is not None:
        _log.warning("`version` is left out: only agents have one; set it with @agent(version=…)")
