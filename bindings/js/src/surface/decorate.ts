// `decorate`: a method decorator, in the standard form and in TypeScript's older one.

type Method = (...args: never[]) => unknown;
type Wrap = <F extends Method>(fn: F, name: string) => F;

/** The part of a standard decorator's context that is used. */
interface Context {
  readonly kind: string;
  readonly name: string | symbol;
}

/** Works as `@decorate(…) method() {}` in both forms, also for static and private methods, and on fields that hold a function. */
export function decorator(wrap: Wrap) {
  return function (target: unknown, context?: unknown, descriptor?: PropertyDescriptor): unknown {
    if (isContext(context)) return standard(wrap, target, context);
    if (descriptor !== undefined && typeof descriptor.value === "function") {
      const name = String(typeof context === "symbol" ? context.description : context);
      return { ...descriptor, value: wrap(descriptor.value as Method, name) };
    }
    // A class, a field or an accessor stays as it is, as with dd-trace.
    return typeof target === "function" && context === undefined ? target : undefined;
  };
}

function isContext(context: unknown): context is Context {
  return typeof context === "object" && context !== null && "kind" in context;
}

function standard(wrap: Wrap, target: unknown, { kind, name }: Context): unknown {
  const named = (typeof name === "symbol" ? name.description : name) ?? kind;
  if (kind === "method" && typeof target === "function") return wrap(target as Method, named);
  if (kind === "field") {
    return (initial: unknown) =>
      typeof initial === "function" ? wrap(initial as Method, named) : initial;
  }
  return target;
}
