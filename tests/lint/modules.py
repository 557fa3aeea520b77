"""The graph of a crate's modules, read from its source, and the cycles in it.

An edge goes from a module to each one whose items it uses. Paths are followed through re-exports to
the module that defines the item, so neither `mod child;` nor a re-export alone is an edge. A module
and the modules below it may use each other, as a child sees its parent's private fields: an edge
down to a child counts only where the way back to the parent leaves the parent's folder.
`python tests/lint/modules.py` prints the number of modules in the largest cycle of each crate.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: What is kept free of cycles: a crate's source, and the module below which it is looked at.
SCOPES = {
    "guest": (ROOT / "guest/src", ()),
    "host": (ROOT / "host-runtime/src", ()),
    "store": (ROOT / "intake/src", ("store",)),
}

#: Comments, texts and lifetimes are tokens of their own, so that no path is found in them.
TOKEN = re.compile(
    r"""
    (?P<none>//[^\n]*|/\*.*?\*/|b?r(?P<hashes>\#*)".*?"(?P=hashes)|[bc]?"(?:\\.|[^"\\])*"
        |b?'(?:\\u\{\w+\}|\\x\w\w|\\.|[^'\\])'|'\w+)
    |\w+|::|[^\s\w]
    """,
    re.S | re.X,
)
WORD = re.compile(r"[A-Za-z_]\w*")
VISIBLE = re.compile(r"pub(?: \( [\w: ]+ \))?$")
#: What `#[cfg(test)]` leaves out of the graph.
ITEM = {"mod", "use", "fn", "impl", "struct", "const", "static"}

#: The names from the crate's root; () is the root.
Module = tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """A path as it is written, and where."""

    path: tuple[str, ...]
    line: int
    #: How many inline modules of the file it stands in.
    inline: int = 0


@dataclass
class Source:
    """One file: what it imports, by the name it has here, and the paths in its code."""

    file: Path
    lines: list[str]
    imports: dict[str, Reference] = field(default_factory=dict)
    public: set[str] = field(default_factory=set)
    #: Inline modules and enums, the other names that a path may begin with.
    own: set[str] = field(default_factory=set)
    #: Imports without a name that code could use: `as _` and `*`.
    nameless: list[Reference] = field(default_factory=list)
    paths: list[Reference] = field(default_factory=list)
    #: Words of the code that may be names of items.
    words: set[str] = field(default_factory=set)

    def names(self) -> set[str]:
        return self.own.union(self.imports)


@dataclass(frozen=True)
class Edge:
    file: Path
    line: int
    text: str


Graph = dict[Module, dict[Module, Edge]]


def closing(tokens: list[str], start: int) -> int:
    """The index of the bracket that closes the one at `start`."""
    depth = 0
    for index in range(start, len(tokens)):
        depth += (tokens[index] in "([{") - (tokens[index] in ")]}")
        if depth == 0:
            return index
    return len(tokens) - 1


def end_of_item(tokens: list[str], start: int) -> int:
    index = start
    while index < len(tokens) and tokens[index] not in (";", "{"):
        index = closing(tokens, index) + 1 if tokens[index] in ("(", "[") else index + 1
    return closing(tokens, index) if tokens[index : index + 1] == ["{"] else index


def use_tree(tokens: list[str], before: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each name that a `use` brings in, and its path."""
    path, index = before, 0
    while index < len(tokens):
        token = tokens[index]
        if token == "{":
            part: list[str] = []
            depth = 0
            for each in tokens[index + 1 : closing(tokens, index)]:
                depth += (each == "{") - (each == "}")
                if each == "," and depth == 0:
                    yield from use_tree(part, path)
                    part = []
                else:
                    part.append(each)
            if part:
                yield from use_tree(part, path)
            return
        if token == "as":
            yield tokens[index + 1], path
            return
        if token == "*":
            yield "*", path
            return
        if token == "::":
            # In front it leads out of the crate, where nothing has an empty name.
            path = path or ("",)
        elif token != "self" or not path:
            path += (token,)
        index += 1
    if path:
        yield path[-1], path


def read(file: Path) -> Source:
    text = file.read_text("utf-8")
    found = [match for match in TOKEN.finditer(text) if match["none"] is None]
    tokens = [match.group() for match in found]
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    source = Source(file, text.splitlines())
    inline: list[int] = []
    line = index = 0

    def skipped(index: int) -> int:
        """The end of the item that is there for tests alone, after its attribute's `]`."""
        index += 1
        while tokens[index : index + 2] == ["#", "["]:
            index = closing(tokens, index + 1) + 1
        item = index
        if tokens[item] == "pub":
            item = closing(tokens, item + 1) + 1 if tokens[item + 1] == "(" else item + 1
        return end_of_item(tokens, item) + 1 if tokens[item] in ITEM else index

    while index < len(tokens):
        token = tokens[index]
        while line < len(starts) and starts[line] <= found[index].start():
            line += 1
        before = tokens[index - 1] if index else ""
        after = tokens[index + 1] if index + 1 < len(tokens) else ""
        if tokens[index : index + 7] == ["#", "[", "cfg", "(", "test", ")", "]"]:
            index = skipped(index + 6)
        elif token == "mod" and WORD.match(after):
            if tokens[index + 2] == "{":
                inline.append(closing(tokens, index + 2))
                source.own.add(after)
            index += 3
        elif token == "use" and after != "<":
            end = tokens.index(";", index)
            visible = VISIBLE.search(" ".join(tokens[max(0, index - 6) : index]))
            for name, path in use_tree(tokens[index + 1 : end], ()):
                reference = Reference(path, line, len(inline))
                if name in ("_", "*"):
                    source.nameless.append(reference)
                    continue
                source.imports[name] = reference
                if visible:
                    source.public.add(name)
            index = end + 1
        elif WORD.match(token) and before not in (".", "::"):
            path = [token]
            while tokens[index + 1 : index + 2] == ["::"] and WORD.match(tokens[index + 2]):
                path.append(tokens[index + 2])
                index += 2
            if before == "enum":
                source.own.add(token)
            if len(path) > 1:
                source.paths.append(Reference(tuple(path), line, len(inline)))
            # A name before a colon is a member's or an argument's.
            if len(path) > 1 or (after != ":" and before not in ("fn", "let", "mut")):
                source.words.add(token)
            index += 1
        else:
            index += 1
        while inline and index > inline[-1]:
            inline.pop()
    return source


def sources(root: Path) -> dict[Module, Source]:
    found: dict[Module, Source] = {}
    for file in sorted(root.rglob("*.rs")):
        names = file.relative_to(root).with_suffix("").parts
        if "tests" in names or names == ("main",):
            continue
        found[names[:-1] if names[-1] in ("mod", "lib") else names] = read(file)
    return found


def below(module: Module, parent: Module) -> bool:
    return module[: len(parent)] == parent


class Crate:
    def __init__(self, root: Path) -> None:
        self.sources = sources(root)
        #: Imports that a module below takes from here.
        self.passed_on: set[tuple[Module, str]] = set()

    def resolve(
        self, module: Module, reference: Reference, asked: tuple[tuple[Module, str], ...] = ()
    ) -> tuple[Module, bool] | None:
        """The module that defines what a path names, and whether it names the module itself. None
        for a path that leads out of the crate."""
        names, inline, at = deque(reference.path), reference.inline, module
        first = names[0]
        if first == "crate":
            at, inline = (), 0
            names.popleft()
        elif first in ("self", "super"):
            while names and names[0] in ("self", "super"):
                if names.popleft() == "super":
                    at, inline = (at, inline - 1) if inline else (at[:-1], 0)
        elif (*at, first) not in self.sources and first not in self.sources[at].names():
            return None
        while names and not inline:
            name = names[0]
            imported = self.sources[at].imports.get(name)
            if (*at, name) in self.sources:
                at = (*at, name)
                names.popleft()
            elif imported is not None and (at, name) not in asked:
                if at != module and below(module, at):
                    self.passed_on.add((at, name))
                asked += ((at, name),)
                further = self.resolve(at, imported, asked)
                if further is None:
                    return None
                at, whole = further
                if not whole:
                    return at, False
                names.popleft()
            else:
                return at, False
        return at, not names and not inline

    def graph(self) -> Graph:
        edges: Graph = {module: {} for module in self.sources}

        def add(module: Module, reference: Reference) -> None:
            target = self.resolve(module, reference)
            if target is not None and target[0] != module:
                source = self.sources[module]
                text = source.lines[reference.line - 1].strip()
                edge = Edge(source.file, reference.line, text)
                edges[module].setdefault(target[0], edge)

        # First the paths in code, since these say what is passed on.
        imports: dict[Module, list[tuple[str, Reference]]] = defaultdict(list)
        for module, source in self.sources.items():
            for reference in [*source.paths, *source.nameless]:
                add(module, reference)
            for name, reference in source.imports.items():
                self.resolve(module, reference)
                imports[module].append((name, reference))
        for module, named in imports.items():
            source = self.sources[module]
            for name, reference in named:
                target = self.resolve(module, reference)
                through = any(path.path[0] == name for path in source.paths)
                if target is not None and target[1] and through:
                    continue
                passed = name in source.public or (module, name) in self.passed_on
                if name in source.words or not passed:
                    add(module, reference)
        return edges


def way_back(edges: Graph, parent: Module, child: Module) -> list[Module] | None:
    """The shortest way from a child to its parent over a module that is not below the parent."""
    ways = deque([([child], False)])
    seen = {(child, False)}
    while ways:
        way, left = ways.popleft()
        for target in edges[way[-1]]:
            if target == parent and left:
                return way
            further = (target, left or not below(target, parent))
            if target != parent and further not in seen:
                seen.add(further)
                ways.append(([*way, target], further[1]))
    return None


def graph(root: Path, scope: Module = ()) -> Graph:
    """The edges between the modules of a crate that are in `scope`."""
    edges = {
        module: {target: edge for target, edge in targets.items() if below(target, scope)}
        for module, targets in Crate(root).graph().items()
        if below(module, scope)
    }
    return {
        module: {
            target: edge
            for target, edge in targets.items()
            if not below(target, module) or way_back(edges, module, target)
        }
        for module, targets in edges.items()
    }


def reached(edges: Graph, start: Module) -> set[Module]:
    found: set[Module] = set()
    waiting = [start]
    while waiting:
        for target in edges[waiting.pop()]:
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def knots(edges: Graph) -> list[set[Module]]:
    """Sets of modules that all reach each other, the largest first."""
    reach = {module: reached(edges, module) for module in edges}
    found: list[set[Module]] = []
    for module in edges:
        if module in reach[module] and not any(module in knot for knot in found):
            found.append({other for other in reach[module] if module in reach[other]})
    return sorted(found, key=len, reverse=True)


def shortest_cycle(edges: Graph, knot: set[Module]) -> list[Module]:
    def around(start: Module) -> Iterator[list[Module]]:
        ways = deque([[start]])
        seen: set[Module] = set()
        while ways:
            way = ways.popleft()
            for target in edges[way[-1]]:
                if below(target, way[-1]):
                    continue
                if target == start:
                    yield way
                elif target not in seen:
                    seen.add(target)
                    ways.append([*way, target])
        for target in edges[start]:
            if below(target, start) and (back := way_back(edges, start, target)):
                yield [start, *back]

    return min((way for module in sorted(knot) for way in around(module)), key=len)


def name(module: Module) -> str:
    return "::".join(("crate", *module))


def report(edges: Graph) -> str:
    """Each cycle: its modules in order, with a line for each edge. Empty if there is none."""
    lines: list[str] = []
    for knot in knots(edges):
        cycle = shortest_cycle(edges, knot)
        names = " -> ".join(name(module) for module in [*cycle, cycle[0]])
        lines.append(f"{len(knot)} modules reach each other; the shortest cycle is {names}")
        for module, target in zip(cycle, [*cycle[1:], cycle[0]]):
            edge = edges[module][target]
            lines.append(f"  {edge.file}:{edge.line}: {edge.text}")
        lines.append("  all of them: " + ", ".join(name(module) for module in sorted(knot)))
    return "\n".join(lines)


if __name__ == "__main__":
    for crate, (root, scope) in SCOPES.items():
        edges = graph(root, scope)
        largest = max(map(len, knots(edges)), default=0)
        print(f"{crate}: {largest} modules in the largest cycle")
        print(report(edges))
