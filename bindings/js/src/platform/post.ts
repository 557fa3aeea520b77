// One HTTP request by Node's own client.
//
// The thread that posts at the end of a program gets `poster` as text. So it may use nothing but
// its parameters and what every thread has, and nothing for which a compiler adds a helper: no
// function has a name of its own, since a bundler that keeps names would call one for each.

import type { Builtin, Http, Incoming, Outgoing, Socket, Tls } from "./builtin.js";
import type { HttpRequest } from "./platform.js";
import type { Proxy } from "./proxy.js";

/** A request as it leaves. */
export interface Wire extends HttpRequest {
  readonly proxy?: Proxy;
}

/** What is used besides the modules. */
export interface PosterOptions {
  /** PEM certificates to trust instead of the built-in ones. */
  readonly trusted?: string;
  /** Whether connections keep the process alive. */
  readonly holds: boolean;
  /** Whether connections are kept for the next request. */
  readonly keeps: boolean;
  start(fn: () => void, ms: number): unknown;
  stop(timer: never): void;
}

/** An answer: its status, the headers that were asked for, and the beginning of its body. */
export type Answered = (
  error: string | undefined,
  status?: number,
  headers?: [string, string][],
  text?: string,
) => void;

/** Gives a function that sends a request and calls `done` once. */
export function poster(
  builtin: Builtin,
  options: PosterOptions,
): (wire: Wire, names: readonly string[], done: Answered) => void {
  const agents: Record<string, unknown> = {};
  const common = {
    http(secure: boolean): Http {
      return builtin(secure ? "node:https" : "node:http") as Http;
    },
    agent(secure: boolean): unknown {
      const scheme = secure ? "https" : "http";
      if (!options.keeps) return false;
      agents[scheme] ??= new (common.http(secure).Agent)({ keepAlive: true, maxFreeSockets: 2 });
      return agents[scheme];
    },
    hostOf(url: URL): string {
      return url.hostname.replace(/^\[|\]$/g, "");
    },
    portOf(url: URL): number {
      return Number(url.port) || (url.protocol === "https:" ? 443 : 80);
    },
    trust: options.trusted ? { ca: options.trusted } : {},
    loginOf(proxy: Proxy): Record<string, string> {
      return proxy.authorization ? { "proxy-authorization": proxy.authorization } : {};
    },
    seconds(ms: number): string {
      return `${Number((ms / 1000).toPrecision(2))} s`;
    },
    whyOf(error: unknown): string {
      const found = error as { message?: string; code?: string; errors?: { message?: string }[] };
      // Of several addresses that were tried the first says enough.
      const first = found.errors && found.errors[0] && found.errors[0].message;
      return found.message || first || found.code || "the connection failed";
    },
  };

  return (wire, names, done) => {
    let over = false;
    let request: Outgoing | undefined;
    let tunnel: { destroy(): void } | undefined;
    let timer: unknown;

    const steps = {
      end(error?: string, status?: number, headers?: [string, string][], text?: string) {
        if (over) return;
        over = true;
        options.stop(timer as never);
        if (error !== undefined && request) request.destroy();
        if (tunnel) tunnel.destroy();
        done(error, status, headers, text);
      },

      failed(error: unknown) {
        steps.end(common.whyOf(error));
      },

      watch(socket: Socket) {
        if (!options.holds && socket.unref) socket.unref();
        if (!socket.connecting || !socket.on) return;
        const limit = options.start(
          () => steps.end(`no connection within ${common.seconds(wire.connectMs)}`),
          wire.connectMs,
        );
        socket.on("connect", () => options.stop(limit as never));
        socket.on("close", () => options.stop(limit as never));
      },

      answered(answer: Incoming) {
        const headers: [string, string][] = [];
        names.forEach((name) => {
          const value = answer.headers[name];
          if (typeof value === "string") headers.push([name, value]);
        });
        const decoder = new TextDecoder();
        let text = "";
        let left = wire.answerBytes;
        // An answer that breaks off has said its status.
        ["end", "error", "close"].forEach((event) => {
          answer.on(event, () => steps.end(undefined, answer.statusCode, headers, text));
        });
        answer.on("data", (part: Uint8Array) => {
          if (left > 0) text += decoder.decode(part.subarray(0, left), { stream: true });
          left -= part.length;
          if (left > 0) return;
          steps.end(undefined, answer.statusCode, headers, text);
          answer.destroy();
        });
      },

      send(settings: object, secure: boolean, again: boolean) {
        const sent = common.http(secure).request(settings);
        request = sent;
        sent.on("socket", steps.watch);
        sent.on("response", steps.answered);
        // The system has the last byte.
        if (wire.onSent) sent.on("finish", wire.onSent);
        sent.on("error", (error: { code?: string }) => {
          // A kept connection that the other side closed meanwhile says nothing of the receiver.
          const stale =
            sent.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
          if (!stale || again || over) return steps.failed(error);
          steps.send(Object.assign({}, settings, { agent: false }), secure, true);
        });
        sent.end(wire.body);
      },

      headersOf(more: Record<string, string>): Record<string, string> {
        const headers: Record<string, string> = {};
        wire.headers.forEach((pair) => {
          headers[pair[0]] = pair[1];
        });
        if (wire.body) headers["content-length"] = String(wire.body.length);
        return Object.assign(headers, more);
      },

      direct(url: URL, more: object) {
        const secure = url.protocol === "https:";
        const place = wire.socket
          ? { socketPath: wire.socket }
          : { host: common.hostOf(url), port: common.portOf(url) };
        const settings = {
          method: wire.method,
          path: url.pathname + url.search,
          headers: steps.headersOf({ host: url.host }),
          agent: common.agent(secure),
        };
        const trust = secure ? common.trust : {};
        steps.send(Object.assign(settings, place, trust, more), secure, false);
      },

      /** The proxy itself sends the request on. */
      relayed(proxy: Proxy, url: URL) {
        const at = new URL(proxy.url);
        const secure = at.protocol === "https:";
        const settings = {
          host: common.hostOf(at),
          port: common.portOf(at),
          method: wire.method,
          path: wire.url,
          headers: steps.headersOf(Object.assign({ host: url.host }, common.loginOf(proxy))),
          agent: common.agent(secure),
        };
        steps.send(Object.assign(settings, secure ? common.trust : {}), secure, false);
      },

      /** Over a tunnel through the proxy, so that the proxy reads nothing. */
      tunnelled(proxy: Proxy, url: URL) {
        const at = new URL(proxy.url);
        const place = `${url.hostname}:${common.portOf(url)}`;
        const settings = {
          host: common.hostOf(at),
          port: common.portOf(at),
          method: "CONNECT",
          path: place,
          headers: Object.assign({ host: place }, common.loginOf(proxy)),
          agent: false,
        };
        const secure = at.protocol === "https:";
        request = common.http(secure).request(Object.assign(settings, secure ? common.trust : {}));
        request.on("socket", steps.watch);
        request.on("error", steps.failed);
        request.on("response", (answer: Incoming) => {
          steps.end(`the proxy answered ${answer.statusCode}`);
        });
        request.on("connect", (answer: Incoming, socket: Socket) => {
          tunnel = socket;
          if (answer.statusCode !== 200) steps.end(`the proxy answered ${answer.statusCode}`);
          if (over) return socket.destroy();
          const name = common.hostOf(url);
          // An address is no name that a server could be asked for.
          const servername = /^[\d.]+$|:/.test(name) ? "" : name;
          const inner = (builtin("node:tls") as Tls).connect(
            Object.assign({ socket, host: name, servername }, common.trust),
          );
          inner.on("error", steps.failed);
          // With an agent, this connection would not be used.
          steps.direct(url, { agent: undefined, createConnection: () => inner });
        });
        request.end();
      },
    };

    timer = options.start(
      () => steps.end(`no answer within ${common.seconds(wire.timeoutMs)}`),
      wire.timeoutMs,
    );
    try {
      const url = new URL(wire.url);
      if (!wire.proxy) steps.direct(url, {});
      else if (url.protocol === "https:") steps.tunnelled(wire.proxy, url);
      else steps.relayed(wire.proxy, url);
    } catch (error) {
      steps.failed(error);
    }
  };
}
