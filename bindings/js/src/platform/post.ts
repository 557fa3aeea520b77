// One HTTP request by Node's own client.
//
// The worker that posts at the end of a program gets `poster` as text: it may use nothing but its
// parameters, and no syntax for which a compiler would add a helper.

import type { Builtin, Http, Incoming, Outgoing, Socket, Tls } from "./builtin.js";
import type { Proxy } from "./proxy.js";

/** A request as it leaves. */
export interface Wire {
  readonly method: string;
  readonly url: string;
  readonly socket?: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array;
  readonly timeoutMs: number;
  readonly connectMs: number;
  readonly answerBytes: number;
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

  function http(secure: boolean): Http {
    return builtin(secure ? "node:https" : "node:http") as Http;
  }

  function agent(secure: boolean): unknown {
    const scheme = secure ? "https" : "http";
    if (!options.keeps) return false;
    agents[scheme] ??= new (http(secure).Agent)({ keepAlive: true, maxFreeSockets: 2 });
    return agents[scheme];
  }

  function hostOf(url: URL): string {
    return url.hostname.replace(/^\[|\]$/g, "");
  }

  function portOf(url: URL): number {
    return Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  }

  function seconds(ms: number): string {
    return `${Number((ms / 1000).toPrecision(2))} s`;
  }

  function whyOf(error: unknown): string {
    const found = error as { message?: string; code?: string; errors?: { message?: string }[] };
    // Of several addresses that were tried the first says enough.
    const first = found.errors && found.errors[0] && found.errors[0].message;
    return found.message || first || found.code || "the connection failed";
  }

  return function post(wire, names, done) {
    let over = false;
    let request: Outgoing | undefined;
    let tunnel: { destroy(): void } | undefined;
    let timer: unknown;

    function end(error: string | undefined, status?: number, headers?: [string, string][], text?: string) {
      if (over) return;
      over = true;
      options.stop(timer as never);
      if (error !== undefined && request) request.destroy();
      if (tunnel) tunnel.destroy();
      done(error, status, headers, text);
    }

    function failed(error: unknown) {
      end(whyOf(error));
    }

    function watch(socket: Socket) {
      if (!options.holds && socket.unref) socket.unref();
      if (!socket.connecting || !socket.on) return;
      const limit = options.start(function () {
        end(`no connection within ${seconds(wire.connectMs)}`);
      }, wire.connectMs);
      function settled() {
        options.stop(limit as never);
      }
      socket.on("connect", settled);
      socket.on("close", settled);
    }

    function answered(answer: Incoming) {
      const headers: [string, string][] = [];
      for (const name of names) {
        const value = answer.headers[name];
        if (typeof value === "string") headers.push([name, value]);
      }
      const decoder = new TextDecoder();
      let text = "";
      let left = wire.answerBytes;
      function finish() {
        end(undefined, answer.statusCode, headers, text);
      }
      answer.on("data", function (part: Uint8Array) {
        if (left > 0) text += decoder.decode(part.subarray(0, left), { stream: true });
        left -= part.length;
        if (left > 0) return;
        finish();
        answer.destroy();
      });
      // An answer that breaks off has said its status.
      answer.on("end", finish);
      answer.on("error", finish);
      answer.on("close", finish);
    }

    function send(settings: object, secure: boolean, again: boolean) {
      const body = wire.body;
      const sent = http(secure).request(settings);
      request = sent;
      sent.on("socket", watch);
      sent.on("response", answered);
      sent.on("error", function (error: { code?: string }) {
        // A kept connection that the other side closed meanwhile says nothing of the receiver.
        const stale = sent.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
        if (!stale || again || over) return failed(error);
        send(Object.assign({}, settings, { agent: false }), secure, true);
      });
      sent.end(body);
    }

    function headersOf(more: Record<string, string>): Record<string, string> {
      const headers: Record<string, string> = {};
      for (const pair of wire.headers) headers[pair[0]] = pair[1];
      if (wire.body) headers["content-length"] = String(wire.body.length);
      return Object.assign(headers, more);
    }

    /** Over a tunnel through the proxy, so that the proxy reads nothing. */
    function sendThrough(proxy: Proxy, url: URL) {
      const at = new URL(proxy.url);
      const place = `${url.hostname}:${portOf(url)}`;
      const headers: Record<string, string> = { host: place };
      if (proxy.authorization) headers["proxy-authorization"] = proxy.authorization;
      const host = hostOf(at);
      const settings = { host, port: portOf(at), method: "CONNECT", path: place, headers };
      const secure = at.protocol === "https:";
      const trust = options.trusted ? { ca: options.trusted } : {};
      request = http(secure).request(Object.assign({ agent: false }, settings, trust));
      request.on("socket", watch);
      request.on("error", failed);
      request.on("response", function (answer: Incoming) {
        end(`the proxy answered ${answer.statusCode}`);
      });
      request.on("connect", function (answer: Incoming, socket: Socket) {
        tunnel = socket;
        if (answer.statusCode !== 200) return end(`the proxy answered ${answer.statusCode}`);
        if (over) return socket.destroy();
        const name = hostOf(url);
        // An address is no name that a server could be asked for.
        const servername = /^[\d.]+$|:/.test(name) ? "" : name;
        const inner = (builtin("node:tls") as Tls).connect(
          Object.assign({ socket, host: name, servername }, trust),
        );
        inner.on("error", failed);
        // With an agent, this connection would not be used.
        direct(url, { agent: undefined, createConnection: () => inner });
      });
      request.end();
    }

    function direct(url: URL, more: object) {
      const secure = url.protocol === "https:";
      const settings: Record<string, unknown> = {
        host: hostOf(url),
        port: portOf(url),
        method: wire.method,
        path: url.pathname + url.search,
        headers: headersOf({}),
        agent: agent(secure),
      };
      if (secure && options.trusted) settings["ca"] = options.trusted;
      if (wire.socket) {
        settings["socketPath"] = wire.socket;
        delete settings["host"];
        delete settings["port"];
        (settings["headers"] as Record<string, string>)["host"] = url.host;
      }
      send(Object.assign(settings, more), secure, false);
    }

    /** The proxy itself sends the request on. */
    function relayed(proxy: Proxy, url: URL) {
      const at = new URL(proxy.url);
      const more: Record<string, string> = { host: url.host };
      if (proxy.authorization) more["proxy-authorization"] = proxy.authorization;
      const secure = at.protocol === "https:";
      const settings: Record<string, unknown> = {
        host: hostOf(at),
        port: portOf(at),
        method: wire.method,
        path: wire.url,
        headers: headersOf(more),
        agent: agent(secure),
      };
      if (secure && options.trusted) settings["ca"] = options.trusted;
      send(settings, secure, false);
    }

    timer = options.start(function () {
      end(`no answer within ${seconds(wire.timeoutMs)}`);
    }, wire.timeoutMs);
    try {
      const url = new URL(wire.url);
      if (!wire.proxy) direct(url, {});
      else if (url.protocol === "https:") sendThrough(wire.proxy, url);
      else relayed(wire.proxy, url);
    } catch (error) {
      failed(error);
    }
  };
}
