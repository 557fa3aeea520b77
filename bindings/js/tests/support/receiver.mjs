// A scripted HTTP receiver on loopback: gives the answers it was told to, and keeps what it got.
//
// The tests of the JavaScript package share it. It speaks HTTP, HTTPS and HTTP over a unix socket,
// and can stand in for a proxy.

import { createServer as createPlain, request as requestOf } from "node:http";
import { createServer as createSecure } from "node:https";
import { connect } from "node:net";
import { once } from "node:events";

/** The answer that closes the connection instead of answering. */
export const NOTHING = { close: true };
/** The answer that never comes. */
export const SILENCE = { stall: true };

/**
 * @typedef {object} Answer
 * @property {number} [status] Default 202.
 * @property {Record<string, string>} [headers]
 * @property {string | Uint8Array} [body]
 * @property {number} [afterMs] How long the receiver thinks.
 * @property {boolean} [close] It closes the connection instead.
 * @property {boolean} [stall] It never answers.
 */

/**
 * @typedef {object} Got
 * @property {string} method
 * @property {string} path
 * @property {Record<string, string>} headers Names in lower case.
 * @property {Buffer} body
 * @property {number} connection The same number for requests over one connection.
 */

export class Receiver {
  /** What the next POSTs are answered, in order; then `otherwise`. @type {Answer[]} */
  answers = [];
  /** @type {Answer} */
  otherwise = { status: 202 };
  /** What each GET is answered; by default as an agent that takes no spans. @type {Answer} */
  info = { status: 404 };
  /** The POSTs, in order of arrival. @type {Got[]} */
  got = [];
  /** The GETs, likewise. @type {Got[]} */
  asked = [];
  /** As a proxy: the CONNECTs, and what else names another host. @type {Got[]} */
  forwarded = [];
  /** As a proxy: the port here at which the host of every CONNECT is. @type {number | undefined} */
  tunnelTo = undefined;
  /** How many connections there were. */
  connections = 0;

  #server;
  #sockets = new Set();
  #waiting = new Set();

  /**
   * @param {object} [options]
   * @param {number} [options.port]
   * @param {string} [options.socket] The path of a unix socket to listen on.
   * @param {{key: string, cert: string}} [options.tls]
   * @param {boolean} [options.proxy] Passes on what names another host.
   */
  static async start(options = {}) {
    const receiver = new Receiver();
    await receiver.#listen(options);
    return receiver;
  }

  async #listen({ port = 0, socket, tls, proxy }) {
    const handle = (request, response) => this.#handle(request, response, proxy);
    // Node's own limits would end a connection that a test wants to stand still.
    const limits = { requestTimeout: 0, keepAliveTimeout: 60_000 };
    const server = tls ? createSecure({ ...tls, ...limits }, handle) : createPlain(limits, handle);
    this.#server = server;
    const keep = (each) => {
      each.number = ++this.connections;
      this.#sockets.add(each);
      each.on("close", () => this.#sockets.delete(each));
      each.on("error", () => {});
    };
    server.on(tls ? "secureConnection" : "connection", keep);
    server.on("tlsClientError", () => {});
    if (proxy) server.on("connect", (request, client) => this.#tunnel(request, client));
    server.listen(socket ? { path: socket } : { port, host: "127.0.0.1" });
    await once(server, "listening");
    this.socket = socket;
    this.port = socket ? undefined : server.address().port;
    const scheme = tls ? "https" : "http";
    this.url = socket ? `unix://${socket}` : `${scheme}://127.0.0.1:${this.port}`;
  }

  async #handle(request, response, proxy) {
    const parts = [];
    try {
      for await (const part of request) parts.push(part);
    } catch {
      return; // The client went away.
    }
    const { method, url: path, headers } = request;
    const got = { method, path, headers, body: Buffer.concat(parts) };
    got.connection = request.socket.number;
    if (proxy && /^https?:/.test(path)) return this.#passOn(got, response);
    const answer = this.take(got);
    for (const waiter of this.#waiting) waiter();
    if (answer.afterMs) await new Promise((resolve) => setTimeout(resolve, answer.afterMs));
    if (answer.stall) return;
    if (answer.close) return request.socket.destroy();
    response.on("error", () => {});
    response.writeHead(answer.status ?? 202, answer.headers ?? {});
    response.end(answer.body ?? "");
  }

  /** What a request is answered; may be replaced. */
  take(got) {
    if (got.method === "GET") {
      this.asked.push(got);
      return this.info;
    }
    if (got.method === "OPTIONS") return { status: 204, headers: CORS };
    this.got.push(got);
    return this.answers.shift() ?? this.otherwise;
  }

  #passOn(got, response) {
    this.forwarded.push(got);
    const { "proxy-authorization": _, ...headers } = got.headers;
    const on = requestOf(got.path, { method: got.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    on.on("error", () => response.writeHead(502).end());
    on.end(got.body);
  }

  #tunnel(request, client) {
    const { method, url: path, headers } = request;
    this.forwarded.push({ method, path, headers, body: Buffer.alloc(0) });
    const refusal = this.answers.shift();
    if (refusal) return client.end(`HTTP/1.1 ${refusal.status} No\r\n\r\n`);
    const target = connect(
      this.tunnelTo ?? Number(path.slice(path.lastIndexOf(":") + 1)),
      "127.0.0.1",
    );
    target.on("connect", () => {
      client.write("HTTP/1.1 200 Here\r\n\r\n");
      target.pipe(client).pipe(target);
    });
    for (const each of [client, target]) each.on("error", () => each.destroy());
    target.on("close", () => client.destroy());
    client.on("close", () => target.destroy());
  }

  /** Waits until `test` holds, which is asked after each request and every 10 ms. */
  async until(test, ms = 10_000) {
    const ends = performance.now() + ms;
    while (!test(this)) {
      const left = ends - performance.now();
      if (left <= 0)
        throw new Error(`the receiver waited ${ms} ms; it has ${this.got.length} POSTs`);
      await new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          this.#waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, Math.min(left, 10));
        this.#waiting.add(done);
      });
    }
  }

  /** The bodies of the POSTs, as JSON. */
  bodies() {
    return this.got.map(({ body }) => JSON.parse(body.toString("utf8")));
  }

  /** The names of all spans that arrived, in order, whatever the format. */
  names() {
    const found = [];
    const visit = (value) => {
      if (Array.isArray(value)) value.forEach(visit);
      else if (value && typeof value === "object") {
        if (typeof value.span_id === "string" && typeof value.name === "string")
          found.push(value.name);
        else Object.values(value).forEach(visit);
      }
    };
    this.bodies().forEach(visit);
    return found;
  }

  /** Closes all connections, but goes on listening. */
  hangUp() {
    for (const each of this.#sockets) each.destroy();
  }

  async close() {
    this.hangUp();
    this.#server.close();
    await once(this.#server, "close");
  }

  [Symbol.asyncDispose ?? Symbol("close")]() {
    return this.close();
  }
}

/** What a page's browser wants to hear before it sends to another origin. */
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "*",
  "access-control-allow-methods": "POST",
};
