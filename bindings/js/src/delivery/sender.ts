// Makes complete HTTP requests of those of the core, and outcomes of their answers.

import type { Credential, Outcome, Request } from "../core/contract.js";
import type { HttpAnswer, HttpRequest, Platform } from "../platform/platform.js";
import type { Discovery, Plan, Secrets } from "../plan.js";
import type { CorePort } from "./port.js";

/** The most bytes of an answer that are read: more than are shown, so that no key is cut. */
const ANSWER_BYTES = 4096;
/** However short the exit time is, a connection gets this long, in ms. */
const LEAST_CONNECT = 1000;
/** The header that reports drops to a receiver. */
const LOSSES = "witspan-dropped";

/** The outcome of a request, and what a person is told about it. */
export interface Sent {
  readonly outcome: Outcome;
  /** Such as `answered 503` or `could not be reached: connection refused`. */
  readonly why: string;
}

export class Sender {
  readonly #port: CorePort;
  readonly #platform: Platform;
  readonly #plan: Plan;
  readonly #secrets: Secrets;

  constructor(port: CorePort, platform: Platform, plan: Plan, secrets: Secrets) {
    this.#port = port;
    this.#platform = platform;
    this.#plan = plan;
    this.#secrets = secrets;
  }

  /** How long a request and its connection may take. */
  #limits(timeoutMs: number) {
    const connectMs = Math.min(timeoutMs, Math.max(this.#plan.exitTimeoutMs, LEAST_CONNECT));
    return { timeoutMs, connectMs };
  }

  /** A request with everything that only the host can add. */
  complete(request: Request, timeoutMs: number): HttpRequest {
    const headers = request.headers.map(({ name, value }) => [name, value] as const);
    const lost = this.#port.lossHeader();
    if (lost !== undefined) headers.push([LOSSES, lost]);
    headers.push(...this.#credentials(request.credentials));
    const { url, socket, body } = request;
    const limits = this.#limits(timeoutMs);
    return { method: "POST", url, socket, headers, body, ...limits, answerBytes: ANSWER_BYTES };
  }

  #credentials(credentials: readonly Credential[]): (readonly [string, string])[] {
    return credentials.flatMap(({ header, secret, form }) => {
      const value = this.#secrets.header(secret, form);
      return value === undefined ? [] : [[header, value] as const];
    });
  }

  /** Sends a request. `onSent` is called when the receiver may have all of it. */
  async send(request: Request, timeoutMs: number, onSent: () => void): Promise<Sent> {
    try {
      const complete = { ...this.complete(request, timeoutMs), onSent };
      return this.read(await this.#platform.send(complete));
    } catch (error) {
      const why = this.#secrets.excerpt(error instanceof Error ? error.message : String(error));
      return { outcome: { tag: "transport-error" }, why: `could not be reached: ${why}` };
    }
  }

  read({ status, headers, text }: HttpAnswer): Sent {
    const val = { status, headers: headers.map(([name, value]) => ({ name, value })) };
    const why = `answered ${status} ${this.#secrets.excerpt(text)}`.trim();
    return { outcome: { tag: "response", val }, why };
  }

  /** Whether an agent accepts spans. One that does not answer does not. */
  async finds({ url, socket, sign, ...discovery }: Discovery): Promise<boolean> {
    const headers = this.#credentials(discovery.credentials);
    const { timeoutMs, answerBytes } = discovery;
    try {
      const limits = this.#limits(timeoutMs);
      const ask = { method: "GET", url, socket, headers, ...limits, answerBytes } as const;
      const { status, text } = await this.#platform.send(ask);
      return status >= 200 && status < 300 && text.includes(sign);
    } catch {
      return false;
    }
  }
}
