// What is secret is shown in no form. The cases are those of the Rust library.

import assert from "node:assert/strict";
import { test } from "node:test";
import { internals } from "../support/internals.mjs";

const { isHere, Secrets, shownUrl, splitUser, withoutSecrets } = internals;

test("what is known is hidden in every form", () => {
  const secrets = new Secrets();
  secrets.setKey("DD_API_KEY", "0123456789abcdef", "(the API key)");
  for (const part of ["", "k", "the"]) secrets.setKey("X", part, "nothing");
  secrets.setKey("Y", 'a"b/c d', "…");
  secrets.hideUrl("http://user:pa%40ss word@host:8126/p?api_key=KEYKEY&x=lots");
  for (const [said, shown] of [
    ["key 0123456789abcdef!", "key (the API key)!"],
    ["bad uri: http://user:pa%40ss word@host:8126/p", "bad uri: http://…@host:8126/p"],
    ["Authorization: Basic dXNlcjpwYSU0MHNzIHdvcmQ=", "Authorization: Basic …"],
    ["Authorization: Basic dXNlcjpwYUBzcyB3b3Jk", "Authorization: Basic …"],
    ["the password pa@ss word is wrong", "the password … is wrong"],
    ["KEYKEY has lots of friends, user", "… has lots of friends, user"],
    ['{"sent":"a\\"b/c d"} a%22b%2Fc%20d', '{"sent":"…"} …'],
  ]) {
    assert.equal(secrets.hide(said), shown);
  }
  assert.equal(secrets.excerpt("🌈".repeat(700)), "🌈".repeat(600));
  assert.equal(secrets.excerpt(`${"x".repeat(595)}0123456789abcdef`), `${"x".repeat(595)}(the `);
});

test("what is secret in a URL is not shown", () => {
  for (const [url, shown] of [
    ["http://user:SECRET@host:8126/base", "http://…@host:8126/base"],
    ["http://SECRET@host", "http://…@host"],
    ["http://user:SEC@RET@host", "http://…@host"],
    ["http://user:SEC%40RET@host", "http://…@host"],
    ["http://user%3ASECRET%40host", "http://…@host"],
    ["http://user:SEC/RET@host/p", "http://…@host/p"],
    ["http://user:12/RET@host/p", "http://…@host/p"],
    ["http://user:SEC@x/RET@host", "http://…@host"],
    ["http://user:SEC?RET@host", "http://…@host"],
    ["http://user:SEC#RET@host", "http://…@host"],
    ["http://user:12?RET@host", "http://…@host"],
    ["http://user:SEC RET@host", "http://…@host"],
    ["http://user:SECRET@[::1]:80/", "http://…@[::1]:80/"],
    ["http://user:SECRET@[::1", "http://…@[:…"],
    ["http://user:SECRET", "http://user:…"],
    ["user:SEC@RET@host:8126", "…@host:8126"],
    ["user:SECRET@http://host", "…@http://host"],
    ["//user:SECRET@host", "…@host"],
    ["intake:http://user:SECRET@host", "intake:http://…@host"],
    ["http://host/p?api_key=SECRET&site=SECRET", "http://host/p?api_key=…&site=…"],
    ["http://host?SECRET", "http://host?…"],
    ["http://host/#token=SECRET", "http://host/#…"],
    ["http://host/?a=1#token=SECRET", "http://host/?a=…#…"],
  ]) {
    assert.equal(shownUrl(url), shown, url);
  }
});

test("what is not secret is shown", () => {
  for (const url of [
    ...[
      "http://localhost:8126",
      "https://api.datadoghq.com/api/v2/llmobs",
      "http://[::1]:8126/base/",
    ],
    ...[
      "http://host/@scope/name",
      "http://host/@scope",
      "unix:///var/run/a@b.sock",
      "localhost:8126",
    ],
    ...["datadog", ""],
  ]) {
    assert.equal(shownUrl(url), url);
  }
});

test("URLs inside a text are shown so too", () => {
  for (const [text, shown] of [
    ["bad uri: http://u:SECRET@host/p, again", "bad uri: http://…@host/p, again"],
    ["`http://u:SECRET@host`: (http://host:1).", "`http://…@host`: (http://host:1)."],
    ["é://u:SECRET@h and https://a?k=SECRET", "é://…@h and https://a?k=…"],
    ["at http://[::1]:8126", "at http://[::1]:8126"],
    ["a@b.example wrote :// to c@d.example", "a@b.example wrote :// to c@d.example"],
  ]) {
    assert.equal(withoutSecrets(text), shown);
  }
});

test("what stands before a host is split off", () => {
  for (const [url, open, user] of [
    ["http://u:p@h/p@q", "http://h/p@q", "u:p"],
    ["http://u@h?x=@", "http://h?x=@", "u"],
    ["unix:///run/a@b", "unix:///run/a@b", undefined],
    ["git@h:r.git", "git@h:r.git", undefined],
    ["http://h", "http://h", undefined],
  ]) {
    assert.deepEqual(splitUser(url), [open, user]);
  }
});

test("what is here is known", () => {
  for (const url of [
    "http://localhost:1/x",
    "http://u:p@LOCALHOST",
    "http://[::1]:1",
    "http://127.9.9.9",
  ]) {
    assert.equal(isHere(url), true, url);
  }
  for (const url of [
    "http://localhost.example",
    "http://h/@localhost",
    "http://[::2]",
    "http://h",
  ]) {
    assert.equal(isHere(url), false, url);
  }
});
