// The arguments of a call as the input of a span: one value as it is, several by their parameters' names.

/** Parameters of a function that were read once. */
const READ = new WeakMap<object, readonly string[] | null>();

/**
 * Arguments as a value: none is `undefined`, one is itself, several are an object by the names of the
 * parameters. Where the source does not say the names, or an argument has none, they are a list.
 */
export function inputOf(fn: object, args: readonly unknown[]): unknown {
  if (args.length <= 1) return args[0];
  const names = namesOf(fn);
  if (names === null || names.length < args.length) return args;
  return Object.fromEntries(args.map((arg, at) => [names[at], arg]));
}

/** The names of a function's parameters, in order; `null` where its source does not say them. */
export function namesOf(fn: object): readonly string[] | null {
  let names = READ.get(fn);
  if (names === undefined) {
    names = read(fn);
    READ.set(fn, names);
  }
  return names;
}

function read(fn: object): readonly string[] | null {
  let source: string;
  try {
    source = Function.prototype.toString.call(fn);
  } catch {
    return null;
  }
  const list = parameterList(source);
  if (list === null) return null;
  const names: string[] = [];
  for (const parameter of split(list)) {
    const name = /^([\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*)\s*(?:=[^]*)?$/u.exec(parameter);
    // A destructured parameter, or the rest of them, has no name of its own.
    if (!name?.[1] || names.includes(name[1])) return null;
    names.push(name[1]);
  }
  return names;
}

/** The text between the parentheses of a function's parameters. */
function parameterList(source: string): string | null {
  const single = /^(?:async\s+)?([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=>/u.exec(source);
  if (single?.[1]) return single[1];
  const open = source.indexOf("(");
  // A computed name, or a comment before the parentheses, may hold some of its own.
  if (open < 0 || /[["'`]|\/[/*]/.test(source.slice(0, open))) return null;
  let depth = 0;
  for (let at = open; at < source.length; at++) {
    const char = source[at];
    if (char === '"' || char === "'" || char === "`" || char === "/") return null;
    if (char === "(" || char === "[" || char === "{") depth += 1;
    if (char === ")" || char === "]" || char === "}") depth -= 1;
    if (depth === 0) return source.slice(open + 1, at);
  }
  return null;
}

/** Parameters of a list, which are separated by commas outside of brackets. */
function split(list: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at <= list.length; at++) {
    const char = list[at];
    if (char === "(" || char === "[" || char === "{") depth += 1;
    if (char === ")" || char === "]" || char === "}") depth -= 1;
    if (at === list.length || (char === "," && depth === 0)) {
      const part = list.slice(from, at).trim();
      if (part) parts.push(part);
      from = at + 1;
    }
  }
  return parts;
}
