// A function of the contract, called as the canonical ABI says.

import { casesOf, codec, recordOf } from "./abi.js";
import type { FunctionShape, Word } from "./abi.js";
import type { Error as CallError, SpanError } from "./contract.js";
import type { Memory } from "./memory.js";

/** A call failed as the contract says it can: the instance is as it was before. */
export class ContractError extends Error {
  override readonly name = "ContractError";
  /** The error of the contract. */
  readonly payload: CallError | SpanError;

  constructor(payload: CallError | SpanError) {
    super(JSON.stringify(payload, (_, part) => (typeof part === "bigint" ? `${part}` : part)));
    this.payload = payload;
  }
}

/** The most words that pass as parameters; more pass through memory. */
const MOST_WORDS = 16;

type Exported = (...words: Word[]) => Word | undefined;

/** A function of the contract, as the core module exports it. */
export function bound(
  { name, parameters, gives, fails }: FunctionShape,
  exports: Readonly<Record<string, unknown>>,
  memory: Memory,
): (...values: unknown[]) => unknown {
  const call = exports[name] as Exported | undefined;
  if (!call) throw new TypeError(`the core module does not export ${name}`);
  const after = exports[`cabi_post_${name}`] as Exported | undefined;
  const asRecord = parameters.map((shape, at) => [`${at}`, shape] as const);
  const given = recordOf(asRecord);
  const good = gives && codec(gives);
  const bad = fails && codec(fails);
  const payload: { value: unknown; failed: boolean } = { value: undefined, failed: false };
  const result = bad
    ? casesOf({
        holds: [good, bad],
        number: () => 0,
        held: () => undefined,
        value(number, value) {
          payload.failed = number === 1;
          return value;
        },
      })
    : good;
  const inMemory = result !== undefined && result.flat.length > 1;
  if (result && !inMemory && !result.lift) throw new TypeError(`${name} gives what nothing lifts`);
  return (...values) => {
    memory.fresh();
    const words: Word[] = [];
    if (given.flat.length > MOST_WORDS) {
      const at = memory.allocate(given.size, given.align);
      given.store(memory, at, values);
      words.push(at);
    } else {
      given.lower(memory, values, words);
    }
    const word = call(...words);
    if (result === undefined) return undefined;
    memory.fresh();
    payload.failed = false;
    const value = inMemory ? result.load(memory, word as number) : result.lift?.(word as Word);
    after?.(word as Word);
    if (payload.failed) throw new ContractError(value as CallError | SpanError);
    return value;
  };
}
