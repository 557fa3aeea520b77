"""What witspan has to say, in the logger `witspan`.

`logging` takes longer to import than all of this package. A program that never imported it has no
handlers, and would see the bare text of warnings on stderr, which needs no import.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME = "witspan"


def warning(text: str, *arguments: object) -> None:
    """Logs a text with its `%` arguments as a warning. Never raises."""
    logger = _logger()
    if logger is not None:
        logger.warning(text, *arguments, stacklevel=2)
        return
    try:
        sys.stderr.write(f"{text % arguments if arguments else text}\n")
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        # There is no stderr, or it is closed.
        pass


def debug(text: str, *arguments: object, exc_info: bool = False) -> None:
    """Logs a text for those who look for the cause of something; others never see it."""
    logger = _logger()
    if logger is not None:
        logger.debug(text, *arguments, exc_info=exc_info, stacklevel=2)


def _logger() -> Any:
    """The logger, if the program has loggers; one that imports them right now may not yet."""
    get = getattr(sys.modules.get("logging"), "getLogger", None)
    return None if get is None else get(_NAME)
