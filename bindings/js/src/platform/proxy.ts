// The proxy that requests go through, by the variables that every HTTP client knows.

import { base64, decoded, splitUser } from "../delivery/secrets.js";
import { hostOf, isHere } from "../delivery/urls.js";

/** A proxy. */
export interface Proxy {
  /** Its URL without user and password. */
  readonly url: string;
  /** The header that names the user, if there is one. */
  readonly authorization?: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** The first that is set counts, for every scheme, as in the hosts of other languages. */
const NAMES = ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

/**
 * The proxy for a URL; `undefined` if there is none between.
 *
 * @throws an error with a text for a person if a proxy is named that this host cannot go through.
 */
export function proxyFor(url: string, variables: Variables): Proxy | undefined {
  // This machine is never behind a proxy.
  if (isHere(url) || isExempt(hostOf(url), variables)) return undefined;
  const name = NAMES.find((each) => variables[each]?.trim());
  if (name === undefined) return undefined;
  const [open, user] = splitUser(withScheme(variables[name]?.trim() ?? ""));
  if (!/^https?:/i.test(open) || !hostOf(open)) {
    throw new Error(`\`${name}\` names a proxy that cannot be used; accepted: an http:// URL`);
  }
  const login = user === undefined || user.includes(":") ? user : `${user}:`;
  // Both may be written with percent signs, as in any URL.
  const authorization = login && `Basic ${base64(decoded(login))}`;
  return { url: open, authorization };
}

function withScheme(url: string): string {
  return url.includes("://") ? url : `http://${url}`;
}

function isExempt(host: string, variables: Variables): boolean {
  const list = variables["NO_PROXY"] ?? variables["no_proxy"] ?? "";
  return list.split(",").some((each) => {
    const entry = each
      .trim()
      .toLowerCase()
      .replace(/^\[|\]$/g, "");
    if (entry === "") return false;
    if (entry === "*") return true;
    if (entry.startsWith("*")) return host.endsWith(entry.slice(1));
    if (entry.startsWith(".")) return host.endsWith(entry);
    if (entry.endsWith("*")) return host.startsWith(entry.slice(0, -1));
    if (entry.endsWith(".")) return host.startsWith(entry);
    return host === entry;
  });
}
