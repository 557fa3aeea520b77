// A button that copies a text and says that it did.

import { announce, fill, h } from "../dom.js";
import { icon } from "../icons.js";

const SHOWN_MS = 1500;

/**
 * @param {string} name what is copied, for the button's name
 * @param {() => string | Promise<string>} text
 * @param {string} [shown] words beside the drawing
 */
export function copyButton(name, text, shown) {
  const face = (/** @type {string} */ drawing) => [icon(drawing), shown ? h("span", { text: shown }) : null];
  const button = h(
    "button",
    {
      type: "button",
      class: shown ? "button" : "icon-button small",
      title: `Copy ${name}`,
      "aria-label": `Copy ${name}`,
    },
    face("copy"),
  );
  button.addEventListener("click", async () => {
    const done = await copy(await text());
    fill(button, face(done ? "check" : "alert"));
    announce(done ? `Copied ${name}` : `Could not copy ${name}`);
    window.setTimeout(() => fill(button, face("copy")), SHOWN_MS);
  });
  return button;
}

/** True if the clipboard took it. @param {string} text */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** For pages that are not on loopback or HTTPS, where browsers offer no clipboard. @param {string} text */
function copyBySelection(text) {
  const field = h("textarea", { class: "away", "aria-hidden": "true" });
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
