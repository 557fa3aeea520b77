// URLs as they may be shown, and where they lead: this machine, a proxy.

/** What a text has of a URL. */
interface Parts {
  /** Up to `://`, or nothing. */
  readonly scheme: string;
  /** What is before the `@`, if there is one. */
  readonly userInfo: string | undefined;
  /** Host, port and path. */
  readonly place: string;
  /** What follows the `?`, up to the `#`. */
  readonly query: string | undefined;
  readonly hasFragment: boolean;
}

/** Splits a text as a person who wants to hide a password would, also where it is no proper URL. */
export function partsOf(text: string): Parts {
  let scheme = "";
  let rest = text;
  const colon = text.indexOf("://");
  if (text.startsWith("unix:")) [scheme, rest] = [text, ""];
  else if (colon >= 0 && !text.slice(0, colon).includes("@")) {
    [scheme, rest] = [text.slice(0, colon + 3), text.slice(colon + 3)];
  }
  const end = firstOf(rest, /[/\\?#]/);
  const authority = rest.slice(0, end);
  const after = rest.slice(end);
  const inAuthority = lastAt(authority);
  const host = inAuthority ? authority.slice(inAuthority[1]) : authority;
  // A password may itself hold what ends it: then the last `@` of all is the right one.
  const cut = !isHost(host) || host.length < end || host.includes(":");
  const late = cut ? after.lastIndexOf("@") : -1;
  const at = late >= 0 ? ([end + late, end + late + 1] as const) : inAuthority;
  const userInfo = at && rest.slice(0, at[0]);
  if (at) rest = rest.slice(at[1]);
  const hash = rest.indexOf("#");
  if (hash >= 0) rest = rest.slice(0, hash);
  const mark = rest.indexOf("?");
  const query = mark >= 0 ? rest.slice(mark + 1) : undefined;
  const place = mark >= 0 ? rest.slice(0, mark) : rest;
  return { scheme, userInfo, place, query, hasFragment: hash >= 0 };
}

/** Names and values of a query; a name is empty where there is only a value. */
export function pairsOf(query: string | undefined): (readonly [name: string, value: string])[] {
  if (query === undefined) return [];
  return query.split(/[&;]/).map((part) => {
    const at = part.indexOf("=");
    return at < 0 ? ["", part] : [part.slice(0, at), part.slice(at + 1)];
  });
}

/** A URL that shows no secret, also where it is none: `http://…@host:8126/path?api_key=…`. */
export function shownUrl(url: string): string {
  const parts = partsOf(url);
  let out = parts.scheme + (parts.userInfo === undefined ? "" : "…@");
  const end = firstOf(parts.place, /[/\\]/);
  const host = parts.place.slice(0, end);
  // No port: more likely a password whose host was forgotten.
  const colon = isHost(host) ? -1 : host.indexOf(":");
  out += colon < 0 ? host : `${host.slice(0, colon)}:…`;
  out += parts.place.slice(end);
  pairsOf(parts.query).forEach(([name, value], number) => {
    out += (number === 0 ? "?" : "&") + name + (name && "=") + (value && "…");
  });
  return out + (parts.hasFragment ? "#…" : "");
}

/** Any text with the URLs in it as `shownUrl` shows them. */
export function withoutSecrets(text: string): string {
  return text.replace(/[A-Za-z0-9+.-]*:\/\/[^\s"'`<>]*/g, (found) => {
    // A sentence goes on after the URL; of `http://[::1]` the bracket is its own.
    const end = /[)\].,;:!}]+$/.exec(found)?.[0] ?? "";
    const url = found.slice(0, found.length - end.length);
    return url.includes("[") ? shownUrl(found) : shownUrl(url) + end;
  });
}

/** Whether a URL's host is this machine, where no proxy stands between. */
export function isHere(url: string): boolean {
  let host = hostOf(url);
  if (host.endsWith(".")) host = host.slice(0, -1);
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The host of a URL in lower case, without brackets. */
export function hostOf(url: string): string {
  try {
    return new URL(url).hostname.toLowerCase().replace(/^\[|\]$/g, "");
  } catch {
    return "";
  }
}

function firstOf(text: string, any: RegExp): number {
  const at = text.search(any);
  return at < 0 ? text.length : at;
}

/** Where the last `@` begins and ends, also one that is written with a percent sign. */
function lastAt(authority: string): readonly [begin: number, end: number] | undefined {
  const plain = authority.lastIndexOf("@");
  const encoded = authority.lastIndexOf("%40");
  if (plain < 0 && encoded < 0) return undefined;
  return plain > encoded ? [plain, plain + 1] : [encoded, encoded + 3];
}

/** Whether it is a name or an address, perhaps with a port. */
function isHost(text: string): boolean {
  const bracket = text.startsWith("[") ? text.lastIndexOf("]") : -1;
  const colon = bracket >= 0 ? bracket + 1 : text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  const port = colon < 0 ? "" : text.slice(colon).replace(/^:/, "");
  return name !== "" && !/\s/.test(name) && /^\d*$/.test(port);
}
