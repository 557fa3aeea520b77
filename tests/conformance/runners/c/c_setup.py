"""The C library as a maker of plans: environment and options go through its configuration."""

from __future__ import annotations

import json
from typing import Any

from c_library import LIB, given, taken

TABLES = {"names": LIB.witspan_names, "variables": LIB.witspan_variables}
ROWS = json.loads(taken(LIB.witspan_variables()) or "")


class OutOfReach(Exception):
    """Why the library cannot be asked what a case asks; the runner `native` does all of them."""


def check_setup(case: dict[str, Any]) -> None:
    """Compares a table, or the plan of a case's environment and options."""
    if case["call"] in TABLES:
        assert taken(TABLES[case["call"]]()) == case["gives"]
        return
    if case["call"] != "make-plan":
        raise OutOfReach("the library has this inside the host, and gives no such call")
    if "refused" in case:
        raise OutOfReach("the host composes the input itself, and none like this")
    try:
        given_pairs = json.loads(case["given"], object_pairs_hook=Members)
        environment = texts(given_pairs.get("environment"))
        options = texts(given_pairs.get("options"))
        secrets = dict(given_pairs.get("secrets") or {})
        host = dict(given_pairs.get("host") or {})
    except (AttributeError, TypeError, ValueError):
        raise OutOfReach("the host composes the input itself, and none like this") from None
    if [host.get(name, False) for name in ("unix_sockets", "files", "gzip")] != [True, True, False]:
        raise OutOfReach("the host has unix sockets and files, and does not compress")
    if any(given_pairs.get(name) for name in ("program", "unusable_files", "source_link")):
        raise OutOfReach("the interface has no function for what a program's files say")
    if any(is_secret(name, value) for name, value in environment + options):
        raise OutOfReach("the host keeps what is secret out of the input, wherever it stands")
    for name, usable in secrets.items():
        if name == "DD_API_KEY":
            environment.append((name, "key" if usable else "a\nb"))
        elif not give_user(environment, name) and not give_user(options, option_of(name)):
            raise OutOfReach("the host keeps what is secret out of the input, wherever it stands")
    config = LIB.witspan_config_new()
    LIB.witspan_config_language(config, *given(given_pairs.get("language") or ""))
    variables = {row["name"] for row in ROWS}
    for name, value in environment:
        # What is no setting is not read, and would be an unknown option here.
        if name in variables:
            LIB.witspan_config_set(config, *given(name), *given(value))
    for name, value in options:
        if name in variables:
            raise OutOfReach("here a variable's name is a variable, wherever it is given")
        LIB.witspan_config_set(config, *given(name), *given(value))
    plan = taken(LIB.witspan_config_plan(config))
    LIB.witspan_config_free(config)
    assert plan == case["gives"]


class Members(list):
    """The members of an object, in the order in which they come."""

    def get(self, name: str) -> Any:
        found = [value for member, value in self if member == name]
        return found[-1] if found else None


def texts(members: Any) -> list[tuple[str, str]]:
    """Those that say something, as text."""
    found = []
    for name, value in members or []:
        if isinstance(value, str):
            found.append((name, value))
        elif value is not None:
            found.append((name, json.dumps(value)))
    return found


def row_of(name: str) -> dict[str, str]:
    rows = [row for row in ROWS if name and name in (row["name"], row["option"])]
    return rows[0] if rows else {"secrecy": "open", "option": ""}


def is_secret(name: str, value: str) -> bool:
    """Whether a value is, or has, what a host takes out of it."""
    secrecy = row_of(name)["secrecy"]
    return secrecy == "secret" or (secrecy == "url" and "://" in value and "@" in value)


def option_of(name: str) -> str:
    return row_of(name)["option"]


def give_user(pairs: list[tuple[str, str]], name: str) -> bool:
    """Puts a user name and a password into the URL of this name; whether there is one."""
    for at, (known, value) in enumerate(pairs):
        if known == name and "://" in value:
            pairs[at] = (name, value.replace("://", "://u:p@", 1))
            return True
    return False
