// Requests by Node's own client: TLS, unix sockets, proxies, redirects, what it says of failures.

import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { certificates } from "../support/certificates.mjs";
import { internals } from "../support/internals.mjs";
import { NOTHING, Receiver } from "../support/receiver.mjs";

const { fetchPlatform, nodePlatform, proxyFor } = internals;
const receivers = [];
after(() => Promise.all(receivers.map((receiver) => receiver.close())));

async function receiver(options) {
  const made = await Receiver.start(options);
  receivers.push(made);
  return made;
}

function platform(variables = {}) {
  return nodePlatform(() => undefined, { variables: () => variables });
}

function request(url, more = {}) {
  const headers = [["content-type", "application/json"]];
  const body = Buffer.from('{"é":1}');
  return {
    method: "POST",
    url,
    headers,
    body,
    timeoutMs: 3000,
    connectMs: 2000,
    answerBytes: 4096,
    ...more,
  };
}

for (const [name, make] of [
  ["node:http", () => platform()],
  ["fetch", () => fetchPlatform(() => undefined)],
]) {
  test(`${name}: a request arrives as it is, and its answer comes back`, async () => {
    const there = await receiver();
    there.answers = [{ status: 429, headers: { "Retry-After": "7", other: "1" }, body: "später" }];
    const answer = await make().send(request(`${there.url}/a/b?c=d`));
    assert.deepEqual(answer, { status: 429, headers: [["retry-after", "7"]], text: "später" });
    const [{ path, body, headers }] = there.got;
    assert.deepEqual([path, body.toString()], ["/a/b?c=d", '{"é":1}']);
    assert.equal(headers["content-length"], "8");
    assert.equal(headers["content-type"], "application/json");
    assert.equal("transfer-encoding" in headers, false);
  });

  test(`${name}: no more of an answer is read than asked for`, async () => {
    const there = await receiver();
    there.otherwise = { status: 200, body: "x".repeat(3_000_000) };
    const works = make();
    const answer = await works.send(request(there.url, { answerBytes: 10 }));
    assert.equal(answer.text, "x".repeat(10));
    await works.send(request(there.url, { answerBytes: 10 }));
  });

  test(`${name}: a redirect is an answer`, async () => {
    const there = await receiver();
    there.answers = [{ status: 307, headers: { location: `${there.url}/elsewhere` } }];
    assert.equal((await make().send(request(there.url))).status, 307);
    assert.equal(there.got.length, 1);
  });

  test(`${name}: a failure says why`, async () => {
    const there = await receiver();
    there.otherwise = NOTHING;
    const works = make();
    await assert.rejects(works.send(request(there.url)), /hang up|closed|ECONNRESET/);
    there.otherwise = { stall: true };
    const late = request(there.url, { timeoutMs: 50 });
    await assert.rejects(works.send(late), { message: "no answer within 0.05 s" });
    await assert.rejects(works.send(request("http://127.0.0.1:1/")), /ECONNREFUSED|bad port/);
    await assert.rejects(works.send(request("no url")), /Invalid URL|parse URL/);
  });
}

test("over a unix socket the URL's host is only a name", async () => {
  const socket = join(mkdtempSync(join(tmpdir(), "witspan-")), "agent.socket");
  const there = await receiver({ socket });
  const proxied = platform({ ALL_PROXY: "http://127.0.0.1:1" });
  const answer = await proxied.send(request("http://localhost/evp_proxy", { socket }));
  assert.equal(answer.status, 202);
  assert.equal(there.got[0].headers.host, "localhost");
  assert.equal(there.got[0].path, "/evp_proxy");
});

test("only the certificates in SSL_CERT_FILE are trusted, if it is set", async () => {
  const { key, cert, authority } = certificates();
  const there = await receiver({ tls: { key, cert } });
  await assert.rejects(platform().send(request(there.url)), /certificate/);
  const trusting = platform({ SSL_CERT_FILE: authority });
  assert.deepEqual(trusting.unusableFiles(), []);
  assert.equal((await trusting.send(request(there.url))).status, 202);
  await trusting.send(request(there.url));
  assert.equal(there.got[0].connection, there.got[1].connection, "connections are kept");
});

test("a file of certificates that cannot be used is said", () => {
  const folder = mkdtempSync(join(tmpdir(), "witspan-"));
  const empty = join(folder, "empty.pem");
  writeFileSync(empty, "nothing");
  for (const [path, why] of [
    [join(folder, "none.pem"), /ENOENT/],
    [empty, /^it holds no PEM certificate$/],
  ]) {
    const [file] = platform({ SSL_CERT_FILE: path }).unusableFiles();
    assert.deepEqual([file.variable, file.path], ["SSL_CERT_FILE", path]);
    assert.match(file.why, why);
  }
});

test("a proxy passes on what is not for this machine", async () => {
  const proxy = await receiver({ proxy: true });
  const there = await receiver();
  // The proxy of this test knows where that host is; nobody else does.
  const passed = [];
  const works = platform({ HTTP_PROXY: proxy.url.replace("http://", "http://user:p%40ss@") });
  proxy.take = (got) => {
    passed.push(got);
    return { status: 202 };
  };
  // A name that no proxy can reach: 502 is the proxy's own answer.
  const answer = await works.send(request("http://receiver.invalid:8126/spans"));
  assert.equal(answer.status, 502);
  const [{ path, headers, body }] = proxy.forwarded;
  assert.equal(path, "http://receiver.invalid:8126/spans");
  assert.equal(headers.host, "receiver.invalid:8126");
  assert.equal(
    headers["proxy-authorization"],
    `Basic ${Buffer.from("user:p@ss").toString("base64")}`,
  );
  assert.equal(body.toString(), '{"é":1}');
  await works.send(request(there.url));
  assert.equal(there.got.length, 1, "this machine is reached without it");
  assert.equal(proxy.forwarded.length, 1);
});

test("over TLS the proxy reads nothing", async () => {
  const { key, cert, authority } = certificates();
  const there = await receiver({ tls: { key, cert } });
  const proxy = await receiver({ proxy: true });
  const works = platform({
    https_proxy: proxy.url.replace("http://", "user@").replace("user@", "http://user@"),
    SSL_CERT_FILE: authority,
  });
  proxy.tunnelTo = there.port;
  const url = `https://receiver.example:${there.port}/spans`;
  assert.equal((await works.send(request(url))).status, 202);
  const [{ method, path, headers }] = proxy.forwarded;
  assert.deepEqual([method, path], ["CONNECT", `receiver.example:${there.port}`]);
  assert.equal(headers["proxy-authorization"], `Basic ${Buffer.from("user:").toString("base64")}`);
  assert.equal(there.got[0].path, "/spans");
  assert.equal(there.got[0].headers.host, `receiver.example:${there.port}`);
  assert.equal("proxy-authorization" in there.got[0].headers, false);
  proxy.answers = [{ status: 407 }];
  await assert.rejects(works.send(request(url)), { message: "the proxy answered 407" });
  const distrusting = platform({ https_proxy: proxy.url });
  await assert.rejects(distrusting.send(request(url)), /certificate/);
});

test("which proxy there is, and what is reached without", () => {
  const of = (url, variables) => proxyFor(url, variables)?.url;
  const far = "https://api.datadoghq.com/x";
  assert.equal(of(far, {}), undefined);
  assert.equal(of(far, { HTTP_PROXY: "http://h:1", https_proxy: "http://s:2" }), "http://s:2");
  assert.equal(of(far, { HTTP_PROXY: "http://h:1", ALL_PROXY: "a:3" }), "http://a:3");
  for (const here of [
    "http://localhost:1",
    "http://127.9.9.9",
    "http://[::1]:1/x",
    "http://LOCALHOST",
  ]) {
    assert.equal(of(here, { ALL_PROXY: "http://a:3" }), undefined, here);
  }
  for (const [list, without] of [
    ["*", true],
    ["api.datadoghq.com", true],
    ["API.datadoghq.COM, other", true],
    ["datadoghq.com", false],
    [".datadoghq.com", true],
    ["*.datadoghq.com", true],
    ["api.*", true],
    ["", false],
    ["other,", false],
  ]) {
    const found = of(far, { ALL_PROXY: "http://a:3", NO_PROXY: list });
    assert.equal(found === undefined, without, list);
  }
  assert.throws(
    () => of(far, { ALL_PROXY: "socks5://u:secret@h" }),
    (error) => {
      return /`ALL_PROXY`/.test(error.message) && !error.message.includes("secret");
    },
  );
});
