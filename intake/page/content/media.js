// Pictures and sounds of a message, if the span contains their bytes. What is elsewhere is named, never
// fetched.

import { h } from "../dom.js";
import { label, size } from "../format.js";
import { copyButton } from "../parts/copy.js";

/** @typedef {import("../api_types.js").Media} Media */

/**
 * Names of formats that cannot carry script, and the name that browsers know each by.
 * @type {Record<string, string>}
 */
const FORMATS = {
  "image/png": "image/png",
  "image/jpeg": "image/jpeg",
  "image/jpg": "image/jpeg",
  "image/gif": "image/gif",
  "image/webp": "image/webp",
  "audio/wav": "audio/wav",
  "audio/wave": "audio/wav",
  "audio/x-wav": "audio/wav",
  "audio/vnd.wave": "audio/wav",
  "audio/mpeg": "audio/mpeg",
  "audio/mp3": "audio/mpeg",
  "audio/ogg": "audio/ogg",
  "audio/opus": "audio/ogg",
  "audio/webm": "audio/webm",
  "audio/flac": "audio/flac",
  "audio/x-flac": "audio/flac",
  "audio/aac": "audio/aac",
  "audio/mp4": "audio/mp4",
  "audio/m4a": "audio/mp4",
  "audio/x-m4a": "audio/mp4",
};
const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\//i;
const LONGEST_ADDRESS = 2000;

/** @param {Media} part */
export function mediaPart(part) {
  const source = sourceOf(part);
  if (!source) return named(part);
  const { format, data } = source;
  const sound = format.startsWith("audio/");
  const element = sound
    ? h("audio", { class: "sound", controls: true, preload: "metadata", "aria-label": `Sound, ${format}` })
    : h("img", { class: "media", alt: `Image, ${format}` });
  // Bytes that do not have the declared type are named, not shown.
  element.addEventListener("error", () =>
    element.replaceWith(named(part, sound ? "which this browser cannot play" : "which this browser cannot draw")),
  );
  element.src = `data:${format};base64,${data}`;
  return element;
}

/**
 * A known format with its bytes in base64. The address contains nothing from the span
 * but letters of base64.
 * @param {Media} part
 */
function sourceOf(part) {
  if (typeof part.content !== "string" || typeof part.mime_type !== "string") return null;
  const inside = /^data:([^;,]{1,100})(?:;[^;,]{0,100})*;base64,/i.exec(part.content);
  const format = formatOf(inside ? inside[1] : part.mime_type);
  const data = part.content
    .slice(inside ? inside[0].length : 0)
    .replace(/\s+/g, "")
    .replaceAll("-", "+")
    .replaceAll("_", "/");
  return format && /^[A-Za-z0-9+/]+={0,2}$/.test(data) ? { format, data } : null;
}

/** @param {string} type */
function formatOf(type) {
  const name = type.split(";", 1)[0].trim().toLowerCase();
  return Object.hasOwn(FORMATS, name) ? FORMATS[name] : null;
}

/** What is not shown, in words. @param {Media} part @param {string} [why] */
function named(part, why) {
  const type = label(part.mime_type, 60) || "media";
  const content = typeof part.content === "string" ? part.content : "";
  const elsewhere = part.attachment_key
    ? String(part.attachment_key)
    : ADDRESS.test(content) && content.length <= LONGEST_ADDRESS
      ? content
      : "";
  if (elsewhere) {
    return h(
      "p",
      { class: "media-name dim" },
      h("span", { text: part.attachment_key ? `${type}, kept as` : `${type}, not fetched:` }),
      h("bdi", { class: "mono", text: label(elsewhere, LONGEST_ADDRESS) }),
      copyButton("the address", () => elsewhere),
    );
  }
  return h("p", {
    class: "dim",
    text: [type, size(Math.floor((content.length * 3) / 4)), why].filter(Boolean).join(", "),
  });
}
