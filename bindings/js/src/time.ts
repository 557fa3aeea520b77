// Times that an application gives, as nanoseconds since 1970.

import { LLMObsArgumentError, typeName } from "./errors.js";

/** A `Date`, milliseconds since 1970 as a number, or nanoseconds since 1970 as a bigint. */
export type Time = Date | number | bigint;

const ACCEPTED = "a Date, milliseconds since 1970 as a number, or nanoseconds since 1970 as a bigint";
const MOST = 0xffff_ffff_ffff_ffffn;

/**
 * Nanoseconds of a time that `field` was given. A time before 1970 counts as 1970, one beyond all time as
 * the last moment that there is.
 *
 * @throws LLMObsArgumentError for what is no time.
 */
export function nanoseconds(field: string, time: unknown): bigint | undefined {
  if (time === undefined || time === null) return undefined;
  if (typeof time === "bigint") return time < 0n ? 0n : time > MOST ? MOST : time;
  const ms = time instanceof Date ? time.getTime() : time;
  if (typeof ms !== "number") {
    throw new LLMObsArgumentError(field, `\`${field}\` is ${typeName(time)}; accepted: ${ACCEPTED}`);
  }
  if (!Number.isFinite(ms)) {
    throw new LLMObsArgumentError(field, `\`${field}\` is ${String(ms)}; accepted: ${ACCEPTED}`);
  }
  if (ms <= 0) return 0n;
  if (ms >= 18_446_744_073_709) return MOST;
  const whole = Math.floor(ms);
  // A double holds microseconds of today's dates, not nanoseconds.
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1000)) * 1000n;
}
