// What is shown before the first trace: how to send one. The programs are in snippets/, where tests run
// them as they are shown.

import { getAsset } from "../api.js";
import { fill, h } from "../dom.js";
import { copyButton } from "../parts/copy.js";
import { messageOf, problem } from "../parts/notices.js";
import { refill } from "../parts/steady.js";

/** The address in the snippets: the default address of an intake. */
const USUAL = "http://127.0.0.1:8126";

/**
 * @typedef {object} Way
 * @property {string} name the language
 * @property {string} note
 * @property {(origin: string) => string} [shell] what is set before
 * @property {string} title of the snippet
 * @property {string} file
 */

/** @type {Way[]} */
const WAYS = [
  {
    name: "Python",
    note:
      "The witspan package, built by `./bootstrap.sh build`. Code written for ddtrace's LLMObs needs only " +
      "another import.",
    shell: (origin) => `export DD_TRACE_AGENT_URL=${origin}`,
    title: "first_trace.py",
    file: "first_trace.py",
  },
  {
    name: "Rust",
    note: 'The witspan crate: `witspan = { path = "host-runtime" }` after `just component`, and `serde_json`.',
    shell: (origin) => `export DD_TRACE_AGENT_URL=${origin}\nexport DD_LLMOBS_ML_APP=my-app`,
    title: "main.rs",
    file: "first_trace.rs",
  },
  {
    name: "curl",
    note: "Any language can send JSON: this is Datadog's documented HTTP API.",
    title: "In the shell",
    file: "first_trace.sh",
  },
];

export function emptyState() {
  const origin = location.origin;
  const panel = h("div", { class: "way", role: "tabpanel", id: "way" });
  const tabs = WAYS.map(({ name }, at) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `way-${at}`,
        "aria-controls": "way",
        on: {
          click: () => void choose(at),
          keydown: (/** @type {KeyboardEvent} */ event) => {
            const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
            if (!step) return;
            event.preventDefault();
            const next = (at + step + WAYS.length) % WAYS.length;
            void choose(next);
            tabs[next].focus();
          },
        },
      },
      name,
    ),
  );

  let chosen = 0;
  // All are loaded now, so that a click shows its program at once.
  const programs = WAYS.map(({ file }) => read(file));

  /** @param {number} at */
  async function choose(at) {
    chosen = at;
    const { note, shell, title, file } = WAYS[at];
    // While the program loads, that of another language must not be shown.
    if (panel.getAttribute("aria-labelledby") !== `way-${at}`) fill(panel);
    tabs.forEach((tab, each) => {
      tab.setAttribute("aria-selected", String(each === at));
      tab.tabIndex = each === at ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", `way-${at}`);
    try {
      const program = (await programs[at]).trimEnd().replaceAll(USUAL, origin);
      if (chosen === at)
        refill(
          panel,
          h("p", { class: "dim" }, inline(note)),
          shell ? snippet("In the shell", shell(origin)) : null,
          snippet(title, program),
        );
    } catch (error) {
      if (chosen === at)
        refill(
          panel,
          problem(messageOf(error), () => {
            programs[at] = read(file);
            void choose(at);
          }),
        );
    }
  }

  void choose(0);
  return h(
    "section",
    { class: "empty", "aria-labelledby": "empty-title" },
    h("h2", { id: "empty-title", text: "Nothing has arrived yet" }),
    h(
      "p",
      null,
      "This intake listens at ",
      h("code", { text: origin }),
      ". Send a first trace: it appears here without a reload.",
    ),
    h("div", { class: "tabs-row", role: "tablist", "aria-label": "Language" }, tabs),
    panel,
    h(
      "p",
      { class: "dim" },
      "Programs traced with ddtrace or dd-trace need only ",
      h("code", { text: `DD_TRACE_AGENT_URL=${origin}` }),
      " and ",
      h("code", { text: "DD_LLMOBS_ENABLED=1" }),
      "; OpenTelemetry's exporters need ",
      h("code", { text: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${origin}/v1/traces` }),
      " (HTTP).",
    ),
  );
}

/** @param {string} file */
function read(file) {
  const text = getAsset(`snippets/${file}`);
  // Whoever awaits it gets the error. If nobody does, it must not count as unhandled.
  text.catch(() => {});
  return text;
}

/** @param {string} title @param {string} text */
function snippet(title, text) {
  return h(
    "figure",
    { class: "snippet" },
    h(
      "figcaption",
      null,
      h("span", { text: title }),
      copyButton(title, () => text),
    ),
    h("pre", { tabindex: "0" }, h("code", { text })),
  );
}

/** Text with words in backticks as code. @param {string} text */
function inline(text) {
  return text.split("`").map((piece, at) => (at % 2 ? h("code", { text: piece }) : piece));
}
