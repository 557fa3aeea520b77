// The plan of a tracer: made by the core, from what the runtime and the application say.

import type { Credential, Diagnostic, Setup } from "./core/contract.js";
import type { Target } from "./delivery/port.js";
import { KEY, Secrets, splitUser } from "./delivery/secrets.js";
import type { Platform } from "./platform/platform.js";

export { Secrets };

/** What an agent is asked first, if it is not known where spans go. */
export interface Discovery {
  readonly url: string;
  readonly socket?: string;
  readonly credentials: readonly Credential[];
  readonly timeoutMs: number;
  /** The most bytes of the answer that are read. */
  readonly answerBytes: number;
  /** It takes spans if it answers 2xx with a body that holds this text. */
  readonly sign: string;
  /** Where spans go if it does. */
  readonly found: readonly Target[];
  /** Where they go if it does not, or does not answer. */
  readonly otherwise: readonly Target[];
}

/** Everything that a tracer needs to start. */
export interface Plan {
  /** Whether anything is traced. */
  readonly enabled: boolean;
  /** Why not, if nothing is. */
  readonly whyDisabled: string;
  /** What `configure` of every instance is given. */
  readonly settings: Settings;
  readonly discovery: Discovery | undefined;
  /** How long one request may take. */
  readonly requestTimeoutMs: number;
  /** How long a flush waits by default. */
  readonly flushTimeoutMs: number;
  /** How long the end of the program waits for the last spans. */
  readonly exitTimeoutMs: number;
  /** Whether signals that end the process deliver first. */
  readonly handleSignals: boolean;
  /** Spans go to an agent only because there is no key. */
  readonly lacksKey: boolean;
  /** One for each setting that was not understood or cannot work: all are to be shown. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The settings of an instance, as the core wrote them. */
export interface Settings {
  readonly tags?: Readonly<Record<string, string>>;
  readonly targets?: readonly Target[];
  readonly [member: string]: unknown;
}

/** A row of the core's table of settings. */
interface Variable {
  readonly name: string;
  readonly option: string;
  readonly read_by: "core" | "host" | "command";
  readonly secrecy: "open" | "url" | "secret";
}

/** What `makePlan` gives. */
export interface Planned {
  readonly plan: Plan;
  readonly secrets: Secrets;
  /**
   * Settings that the host reads, by the names of their options in camelCase, else of their
   * variables.
   */
  readonly hostOptions: Readonly<Record<string, string>>;
}

/** Bodies of a page fit into what browsers send after the page is gone: 64 KB, headers included. */
const PAGE_BATCH_BYTES = "60000";

/**
 * Makes the plan.
 *
 * @param options by the names of the core's table in camelCase (`mlApp`). `undefined` and `null`
 * count as
 *   absent. `tags` may be an object. They take precedence over the environment.
 */
export function makePlan(
  setup: Pick<Setup, "variables" | "makePlan">,
  platform: Platform,
  options: Readonly<Record<string, unknown>>,
): Planned {
  const rows = JSON.parse(setup.variables()) as Variable[];
  const given = new Given(rows, platform.can.page === true);
  const variables = platform.environment();
  for (const row of rows) {
    const value = row.name && row.read_by !== "command" ? variables[row.name] : undefined;
    if (value?.trim()) given.variable(row, value.trim());
  }
  const { tags, ...rest } = options;
  const others: Record<string, unknown> = rest;
  const ownTags: Record<string, unknown> = isObject(tags) ? { ...tags } : {};
  if (!isObject(tags)) given.option("tags", tags);
  for (const name of ["service", "env", "version"]) {
    given.option(name, (others[name] ?? ownTags[name]) as unknown);
    delete ownTags[name];
    delete others[name];
  }
  for (const [name, value] of Object.entries(others)) given.option(name, value);
  given.complete(platform);
  const program = platform.programName?.();
  const input = {
    language: "javascript",
    environment: given.environment,
    options: given.options,
    secrets: given.secrets.names(),
    host: { unix_sockets: platform.can.unixSockets, files: platform.can.files, gzip: false },
    program: program ? [{ name: program, is_package: true, has_sources: true }] : [],
    unusable_files: platform.unusableFiles?.() ?? [],
  };
  const plan = readPlan(setup.makePlan(JSON.stringify(input)), given, ownTags);
  return { plan, secrets: given.secrets, hostOptions: given.hostOptions };
}

/** What the environment and the code say, sorted by what may leave the host. */
class Given {
  readonly environment: Record<string, string> = {};
  readonly options: Record<string, string> = {};
  readonly hostOptions: Record<string, string> = {};
  readonly secrets = new Secrets();
  readonly diagnostics: Diagnostic[] = [];
  /** Names of options as the application writes them, by those of the table. */
  readonly written = new Map<string, string>();
  readonly page: boolean;
  readonly #byOption = new Map<string, Variable>();

  constructor(rows: readonly Variable[], page: boolean) {
    this.page = page;
    for (const row of rows) {
      if (!row.option) continue;
      this.#byOption.set(row.option, row);
      this.written.set(row.option, camelCase(row.option));
    }
  }

  variable(row: Variable, value: string): void {
    if (row.secrecy === "url" && row.read_by === "host") this.secrets.hideUrl(value);
    if (row.read_by === "host") this.hostOptions[this.written.get(row.option) ?? row.name] = value;
    // The core says of a file that this host cannot read that it is not used.
    const open = this.#open(row, value);
    if (open !== undefined && row.secrecy !== "secret") this.environment[row.name] = open;
  }

  option(name: string, value: unknown): void {
    const text = textOf(value);
    if (!text) return;
    const option = snakeCase(name);
    const row = this.#byOption.get(option);
    if (!row) {
      // The core says that it is not an option, by the name that the application wrote.
      this.options[name] = text;
      return;
    }
    if (row.read_by === "host") this.hostOptions[camelCase(option)] = text;
    const open = this.#open(row, text);
    if (open !== undefined && row.secrecy !== "secret") this.options[option] = open;
  }

  /** What may leave the host of a value; its secret is kept here. */
  #open(row: Variable, value: string): string | undefined {
    if (row.secrecy === "open" || row.read_by !== "core") return value;
    const [open, user] = row.secrecy === "url" ? splitUser(value) : [undefined, undefined];
    if (row.secrecy === "url") this.secrets.hideUrl(value);
    if (this.page && (user !== undefined || row.secrecy === "secret")) {
      this.#refuse(row);
      return open;
    }
    if (row.secrecy === "secret") this.secrets.setKey(row.name, value, instead(row.name));
    else this.secrets.setUser(row.name, user);
    return open;
  }

  #refuse(row: Variable): void {
    const what = row.secrecy === "secret" ? "" : "the password in ";
    const name = this.written.get(row.option) ?? row.name;
    const message =
      `${what}\`${name}\` is not used: everybody who opens this page could read it; set ` +
      "`overrideOrigin` to the URL of a relay of yours, which adds it";
    this.diagnostics.push({ level: "error", code: "secret-in-page", message });
  }

  /** Sets what this platform makes of what nobody said. */
  complete(platform: Platform): void {
    const said = (option: string) => {
      const row = this.#byOption.get(option);
      return this.options[option] ?? (row && this.environment[row.name]);
    };
    if (this.page) {
      for (const option of ["override_origin", "agent_url"]) {
        const url = this.options[option];
        if (url) this.options[option] = platform.completeUrl?.(url) ?? url;
      }
      // The relay is an agent as far as the core is concerned: it needs no key.
      this.options["agentless_enabled"] = "false";
      this.options["batch_bytes"] ??= PAGE_BATCH_BYTES;
    } else if (platform.can.agent === false) {
      const agent = ["agent_url", "agent_host", "agent_port"].some(said);
      if (!agent && said("agentless_enabled") === undefined) {
        this.options["agentless_enabled"] = "true";
      }
    }
  }

  /** Whether a page was told where spans go. */
  get hasRelay(): boolean {
    const relays = ["override_origin", "agent_url", "agent_host"];
    return relays.some((option) => this.options[option] !== undefined);
  }
}

function readPlan(text: string, given: Given, tags: Readonly<Record<string, unknown>>): Plan {
  const raw = JSON.parse(text, safeNumber) as RawPlan;
  const { settings, discovery } = raw;
  const own = Object.entries(tags).map(([key, value]) => [key, textOf(value)] as const);
  const diagnostics = raw.diagnostics.map((each) => inCamelCase(each, given));
  if (raw.enabled) diagnostics.unshift(...given.diagnostics);
  const lacksRelay = raw.enabled && given.page && !given.hasRelay;
  if (lacksRelay) diagnostics.push(NO_RELAY);
  return {
    enabled: raw.enabled && !lacksRelay,
    whyDisabled: lacksRelay ? "a page has no relay to send to" : raw.why_disabled,
    settings: { ...settings, tags: { ...settings.tags, ...Object.fromEntries(own) } },
    discovery: discovery && {
      url: discovery.url,
      socket: discovery.socket,
      credentials: discovery.credentials ?? [],
      timeoutMs: discovery.timeout_ns / 1e6,
      answerBytes: discovery.answer_bytes,
      sign: discovery.sign,
      found: discovery.found,
      otherwise: discovery.otherwise,
    },
    requestTimeoutMs: raw.request_timeout_ns / 1e6,
    flushTimeoutMs: raw.flush_timeout_ns / 1e6,
    exitTimeoutMs: raw.exit_timeout_ns / 1e6,
    handleSignals: raw.handle_signals,
    lacksKey: raw.lacks_key && !given.page,
    diagnostics,
  };
}

const NO_RELAY: Diagnostic = {
  level: "error",
  code: "no-relay",
  message:
    "nothing is traced in this page, because spans of a page go to a relay of yours: set " +
    "`overrideOrigin` to its URL",
};

/** A plan as the core writes it (`make-plan` in wit/setup.wit). */
interface RawPlan {
  readonly enabled: boolean;
  readonly why_disabled: string;
  readonly settings: Settings;
  readonly lacks_key: boolean;
  readonly discovery?: {
    readonly url: string;
    readonly socket?: string;
    readonly credentials?: readonly Credential[];
    readonly timeout_ns: number;
    readonly answer_bytes: number;
    readonly sign: string;
    readonly found: readonly Target[];
    readonly otherwise: readonly Target[];
  };
  readonly request_timeout_ns: number;
  readonly flush_timeout_ns: number;
  readonly exit_timeout_ns: number;
  readonly handle_signals: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/** A limit beyond what a number holds exactly would not be written as it was read. */
function safeNumber(_: string, value: unknown): unknown {
  return typeof value === "number" ? Math.min(value, Number.MAX_SAFE_INTEGER) : value;
}

/** A diagnostic names an option as the table does; the application wrote it in camelCase. */
function inCamelCase(diagnostic: Diagnostic, given: Given): Diagnostic {
  const message = diagnostic.message.replace(
    /`([a-z_]+)`/g,
    (found, name: string) =>
      (name in given.options && `\`${given.written.get(name) ?? name}\``) || found,
  );
  return { ...diagnostic, message };
}

function instead(name: string): string {
  return name === KEY ? "(the API key)" : "…";
}

/** A value of an option as the environment would have it; empty for none. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value.trim();
  if (typeof value !== "object") return String(value);
  try {
    // A URL or a date says its text itself.
    if (value instanceof URL || value instanceof Date) return JSON.parse(JSON.stringify(value)) ?? "";
    return JSON.stringify(value) ?? "";
  } catch {
    return "[object]";
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
