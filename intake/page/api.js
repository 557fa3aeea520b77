// Everything the page asks of the intake goes through here.

/** What went wrong, in a sentence, with the HTTP status where there was one. */
export class ApiError extends Error {
  /** @param {string} message @param {number} [status] */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} path below /api/ui/
 * @param {Record<string, any>} [query] lists become repeated parameters; what is empty is left out
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function get(path, query = {}, signal) {
  const answer = await ask(path, query, { signal });
  return answer.json();
}

/** The same as text, exactly as it came. @param {string} path @param {AbortSignal} [signal] */
export async function getText(path, signal) {
  const answer = await ask(path, {}, { signal });
  return answer.text();
}

/** A file of the page itself, as text. @param {string} name */
export async function getAsset(name) {
  const answer = await fetchFrom(`/assets/${name}`, {});
  return answer.text();
}

/** Deletes everything that the intake holds. */
export async function clearEverything() {
  await ask("traces", {}, { method: "DELETE" });
}

/** @param {string} path @param {Record<string, any>} query @param {RequestInit} options */
async function ask(path, query, options) {
  return fetchFrom(`/api/ui/${path}${queryText(query)}`, { ...options, headers: { accept: "application/json" } });
}

/** @param {string} address @param {RequestInit} options */
async function fetchFrom(address, options) {
  /** @type {Response} */
  let answer;
  try {
    answer = await fetch(address, options);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("The intake does not answer. Is `witspan intake` still running?");
  }
  if (answer.ok) return answer;
  throw new ApiError(await reason(answer), answer.status);
}

/** @param {Response} answer */
async function reason(answer) {
  if (answer.status === 401) return "This intake requires a token: open /?token=… once.";
  try {
    const body = await answer.json();
    const text = body.error ?? body.errors?.[0]?.detail;
    if (typeof text === "string") return text;
  } catch {
    // Not JSON: only the status is known.
  }
  return `The intake answered ${answer.status}.`;
}

/** @param {Record<string, any>} query */
export function queryText(query) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== null && each !== undefined && each !== "") words.append(name, String(each));
    }
  }
  const text = words.toString();
  return text ? `?${text}` : "";
}

/** A part of a path. @param {string} text */
export function part(text) {
  return encodeURIComponent(text);
}
