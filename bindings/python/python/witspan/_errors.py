"""What witspan raises. Here, and not in the native module, so that it is there without that."""


class LLMObsError(ValueError):
    """Base class of everything that witspan raises."""

    # Where it is imported from.
    __module__ = "witspan"


class LLMObsArgumentError(LLMObsError, TypeError):
    """An argument is of a wrong type or value; the text names it and says what is accepted.

    A `TypeError` as well as a `ValueError`: ddtrace raises now one, now the other, and programs
    that catch either go on working.
    """

    __module__ = "witspan"
