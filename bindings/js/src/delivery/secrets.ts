// What the program knows and must not say, also where another repeats it: keys and passwords.

import type { CredentialForm } from "../core/contract.js";
import { pairsOf, partsOf, shownUrl, withoutSecrets } from "./urls.js";

/** Shorter texts are parts of many words, which would become unreadable. */
const SHORTEST = 4;
/** A name of a query that has one of these in it has a value that is secret. */
const SECRET_NAME = /key|token|secret|pass|pwd|auth|sig/i;
/** The most characters of a text of others that are shown. */
const EXCERPT = 600;

/** The secrets of one tracer. They never enter the core, and no way of printing this shows them. */
export class Secrets {
  readonly #values = new Map<string, string>();
  /** Texts to hide, each with what stands in its place; the longest first. */
  readonly #hidden = new Map<string, string>();

  /** Keeps the key or token that a variable or an option holds. */
  setKey(name: string, value: string, instead: string): void {
    this.#values.set(name, value);
    this.#hide(value, instead);
  }

  /** Keeps the user name and password of a URL. Without one, it forgets those that it had. */
  setUser(name: string, user: string | undefined): void {
    if (user === undefined) this.#values.delete(name);
    else this.#values.set(name, user);
    if (user !== undefined) this.hideUrl(`http://${user}@host`);
  }

  forget(name: string): void {
    this.#values.delete(name);
  }

  /** The names of all secrets, each with whether a header can hold it. */
  names(): Record<string, boolean> {
    const usable: Record<string, boolean> = {};
    // A user name and a password are sent in base64, so a header can hold any.
    for (const [name, value] of this.#values) {
      usable[name] = name !== KEY || /^[ -~]*$/.test(value);
    }
    return usable;
  }

  /** The value of a header that holds the secret; `undefined` if there is no such secret. */
  header(name: string, form: CredentialForm): string | undefined {
    const secret = this.#values.get(name);
    if (secret === undefined || form === "plain") return secret;
    return `Basic ${base64(secret.includes(":") ? secret : `${secret}:`)}`;
  }

  /** Hides user, password and keys of a URL, in every form in which they travel. */
  hideUrl(url: string): void {
    const parts = partsOf(url);
    for (const [name, value] of pairsOf(parts.query)) {
      if (!SECRET_NAME.test(name)) continue;
      this.#hide(value, "…");
      this.#hide(decoded(value), "…");
    }
    const { userInfo } = parts;
    for (const info of userInfo === undefined ? [] : [userInfo, decoded(userInfo)]) {
      const colon = info.indexOf(":");
      const user = colon < 0 ? info : info.slice(0, colon);
      const password = colon < 0 ? "" : info.slice(colon + 1);
      // As the header of a request has it.
      this.#hide(base64(`${user}:${password}`), "…");
      this.#hide(`${info}@`, "…@");
      this.#hide(password || user, "…");
      this.#hide(info, "…");
    }
    this.#hide(url, shownUrl(url));
  }

  #hide(secret: string, instead: string): void {
    // A receiver may quote it in a URL or in JSON.
    for (const form of [secret, encoded(secret), JSON.stringify(secret).slice(1, -1)]) {
      const text = form.trim();
      if (text.length >= SHORTEST && text !== instead) this.#hidden.set(text, instead);
    }
    const all = [...this.#hidden].sort(([a], [b]) => b.length - a.length);
    this.#hidden.clear();
    for (const [text, shown] of all) this.#hidden.set(text, shown);
  }

  /** A text of others without what is known here, and without what URLs in it hold. */
  hide(text: string): string {
    for (const [secret, instead] of this.#hidden) text = text.replaceAll(secret, instead);
    return withoutSecrets(text);
  }

  /**
   * The beginning of a text of others. Secrets are hidden before it is cut, since a part of a key
   * would not be recognised.
   */
  excerpt(text: string): string {
    const shown = this.hide(text).trim();
    // Twice as many units hold at least as many characters.
    return Array.from(shown.slice(0, 2 * EXCERPT))
      .slice(0, EXCERPT)
      .join("");
  }
}

/** The variable that holds the intake's key. */
export const KEY = "DD_API_KEY";

/** A URL without user name and password, and those, if it has them. */
export function splitUser(url: string): readonly [open: string, user: string | undefined] {
  const colon = url.indexOf("://");
  if (colon < 0 || /^unix$/i.test(url.slice(0, colon))) return [url, undefined];
  const rest = url.slice(colon + 3);
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const at = authority.lastIndexOf("@");
  if (at < 0) return [url, undefined];
  return [url.slice(0, colon + 3) + rest.slice(at + 1), authority.slice(0, at)];
}

export function base64(text: string): string {
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return btoa(bytes);
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text; // It has half a character.
  }
}

/** Percent signs with two digits as the bytes they stand for. */
export function decoded(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const out: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const hex = bytes[at] === 0x25 ? String.fromCharCode(...bytes.slice(at + 1, at + 3)) : "";
    const escaped = /^[0-9a-fA-F]{2}$/.test(hex);
    out.push(escaped ? Number.parseInt(hex, 16) : (bytes[at] as number));
    if (escaped) at += 2;
  }
  return new TextDecoder().decode(new Uint8Array(out));
}
