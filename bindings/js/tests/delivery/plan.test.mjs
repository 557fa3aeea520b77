// The plan of the real core, from the environment and the options of a program.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { corePath, internals } from "../support/internals.mjs";

const { browserPlatform, edgePlatform, Instance, makePlan, nodePlatform, packageName } = internals;
const core = new WebAssembly.Module(readFileSync(corePath));
const { setup } = new Instance(core, nodePlatform(() => core).clock).calls;

/** A plan of a program in Node. */
function planned(variables = {}, options = {}, more = {}) {
  const node = nodePlatform(() => core, { variables: () => variables });
  return makePlan(setup, { ...node, programName: () => undefined, ...more }, options);
}

const codes = ({ diagnostics }) => diagnostics.map(({ code }) => code);

test("the environment says what the core reads, and code goes before it", () => {
  const variables = { DD_LLMOBS_ML_APP: "a", DD_ENV: " e ", PATH: "/bin", DD_SERVICE: "s" };
  const { plan } = planned(variables, { mlApp: "b", service: undefined, env: null });
  assert.equal(plan.enabled, true);
  const { ml_app, env, service, language } = plan.settings;
  assert.deepEqual([ml_app, env, service, language], ["b", "e", "s", "javascript"]);
  assert.deepEqual(plan.diagnostics, []);
});

test("each option of the table has a name in camelCase", () => {
  const { plan } = planned(
    {},
    {
      ...{
        agentlessEnabled: false,
        agentHost: "h",
        agentPort: 9,
        sampleRate: 0.5,
        handleSignals: false,
      },
      ...{
        exitTimeout: 0.5,
        flushTimeout: "3",
        requestTimeout: 1,
        batchSpans: 7,
        dropUnsampled: true,
      },
      samplingRules: [{ sample_rate: 1 }],
    },
  );
  assert.deepEqual(plan.diagnostics, []);
  assert.equal(plan.settings.targets[0].spans.url, "http://h:9/evp_proxy/v2/api/v2/llmobs");
  const { exitTimeoutMs, flushTimeoutMs, requestTimeoutMs, handleSignals } = plan;
  assert.deepEqual(
    [exitTimeoutMs, flushTimeoutMs, requestTimeoutMs, handleSignals],
    [500, 3000, 1000, false],
  );
  assert.equal(plan.settings.limits.batch_spans, 7);
  assert.equal(plan.settings.sampling.rules, '[{"sample_rate":1}]');
});

test("what is not understood is said by the name that the application wrote", () => {
  const { plan } = planned({}, { sampleRate: 7, mlAp: "x", exitTimeout: () => 1 });
  const said = plan.diagnostics.map(({ message }) => message).join("\n");
  assert.match(said, /`sampleRate` is `7`/);
  assert.match(said, /`mlAp` is not an option/);
  assert.match(said, /`exitTimeout` is `\(\) => 1`/);
});

test("tags may be an object", () => {
  const { plan } = planned({ DD_TAGS: "team:a,x:1" }, { tags: { team: "b c", n: 5, env: "prod" } });
  assert.deepEqual(plan.settings.tags, { team: "b c", x: "1", n: "5" });
  assert.equal(plan.settings.env, "prod");
  assert.equal(planned({}, { tags: "a:b" }).plan.settings.tags.a, "b");
});

test("secrets stay in the host", () => {
  const { plan, secrets } = planned({
    DD_API_KEY: " 0123456789abcdef ",
    DD_TRACE_AGENT_URL: "http://user:hunter2@agent:8126",
    https_proxy: "http://u:proxy-pass@p:1",
  });
  const text = JSON.stringify(plan) + inspect({ secrets }, { depth: 9, showHidden: true });
  for (const secret of ["0123456789abcdef", "hunter2", "proxy-pass"]) {
    assert.equal(text.includes(secret), false, secret);
    assert.equal(secrets.hide(`it says ${secret}.`).includes(secret), false, secret);
  }
  assert.equal(secrets.header("DD_API_KEY", "plain"), "0123456789abcdef");
  assert.deepEqual(plan.discovery.credentials, [
    { header: "authorization", secret: "DD_TRACE_AGENT_URL", form: "basic" },
  ]);
  assert.equal(plan.discovery.url, "http://agent:8126/info");
  assert.equal(plan.discovery.timeoutMs, 1000);
});

test("a key in code replaces the environment's, and so does a URL without a password", () => {
  const variables = { DD_API_KEY: "environment", DD_TRACE_AGENT_URL: "http://user:pass@a:1" };
  const { secrets } = planned(variables, { apiKey: "in-code", agentUrl: "http://b:2" });
  assert.equal(secrets.header("DD_API_KEY", "plain"), "in-code");
  assert.equal(secrets.header("DD_TRACE_AGENT_URL", "basic"), undefined);
  assert.equal(planned({ DD_API_KEY: "a\nb" }).plan.diagnostics[0].code, "api-key-unusable");
});

test("tracing that is off says why", () => {
  const { plan } = planned({}, { enabled: false });
  assert.deepEqual([plan.enabled, plan.whyDisabled], [false, "`enabled` is `false`"]);
});

test("certificates that cannot be used leave nothing that is sent over TLS", () => {
  const variables = { SSL_CERT_FILE: "/nowhere.pem", DD_API_KEY: "k".repeat(32) };
  const { plan } = planned(variables, { agentlessEnabled: true });
  assert.deepEqual(codes(plan), ["file-unusable"]);
  assert.equal(plan.settings.targets[0].drop, "no-receiver");
});

test("at the edge no agent is looked for", () => {
  const platform = edgePlatform(() => core);
  platform.environment = () => ({ DD_API_KEY: "k".repeat(32) });
  const { plan } = makePlan(setup, platform, {});
  assert.equal(plan.discovery, undefined);
  assert.match(plan.settings.targets[0].spans.url, /^https:\/\/api\.datadoghq\.com/);
  const agent = makePlan(setup, platform, { agentUrl: "http://agent:1" });
  assert.equal(agent.plan.discovery.url, "http://agent:1/info");
});

test("a page sends to a relay, and nothing secret is used in it", () => {
  globalThis.document = { baseURI: "https://shop.example/cart/" };
  try {
    const platform = browserPlatform(() => core);
    const none = makePlan(setup, platform, {});
    assert.equal(none.plan.enabled, false);
    assert.deepEqual(codes(none.plan), ["no-relay"]);
    const options = { apiKey: "0123456789abcdef", overrideOrigin: "/traces" };
    const { plan, secrets } = makePlan(setup, platform, options);
    assert.equal(plan.enabled, true);
    assert.deepEqual(codes(plan), ["secret-in-page"]);
    assert.match(plan.diagnostics[0].message, /^`apiKey` is not used: everybody/);
    assert.equal(secrets.header("DD_API_KEY", "plain"), undefined);
    const [target] = plan.settings.targets;
    assert.equal(target.spans.url, "https://shop.example/traces/api/v2/llmobs");
    assert.deepEqual([plan.lacksKey, plan.settings.limits.batch_bytes], [false, 60000]);
    const guarded = makePlan(setup, platform, { overrideOrigin: "https://u:pass@relay.example" });
    assert.deepEqual(codes(guarded.plan), ["secret-in-page"]);
    assert.equal(guarded.plan.settings.targets[0].credentials, undefined);
  } finally {
    delete globalThis.document;
  }
});

test("a program is named after its package", () => {
  const folder = mkdtempSync(join(tmpdir(), "witspan-program-"));
  const place = (path, json) => {
    mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, path, "package.json"), JSON.stringify(json));
  };
  place("shop", { name: "@acme/shop" });
  place("shop/dist", { type: "module" });
  place("shop/node_modules/next", { name: "next" });
  place("unnamed", { version: "1.0.0" });
  const files = process.getBuiltinModule("node:fs");
  const named = (...argv) => packageName({ argv, cwd: () => join(folder, "shop/dist") }, files);
  assert.equal(named("node", join(folder, "shop/dist/server.js")), "@acme/shop");
  assert.equal(named("node", join(folder, "shop/node_modules/next/cli.js")), "@acme/shop");
  assert.equal(named("node"), "@acme/shop");
  assert.equal(named("node", join(folder, "unnamed/x.js")), undefined);
  const { plan } = planned({}, {}, { programName: () => "@acme/shop" });
  assert.deepEqual([plan.settings.service, plan.settings.ml_app], ["@acme/shop", "@acme/shop"]);
});
