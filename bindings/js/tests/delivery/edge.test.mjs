// Runtimes at the edge, with a stand-in for the request that Next.js and Vercel keep.

import assert from "node:assert/strict";
import { test } from "node:test";
import { internals } from "../support/internals.mjs";

const { edgePlatform } = internals;

for (const name of ["@next/request-context", "@vercel/request-context"]) {
  test(`a request stays alive until its spans are sent: ${name}`, () => {
    const kept = [];
    const context = {
      name: "it is called as a method",
      waitUntil(work) {
        assert.equal(this, context);
        kept.push(work);
      },
    };
    globalThis[Symbol.for(name)] = { get: () => context };
    try {
      const work = Promise.resolve();
      edgePlatform(() => undefined).keepRequest(work);
      assert.deepEqual(kept, [work]);
    } finally {
      delete globalThis[Symbol.for(name)];
    }
  });
}

test("outside of a request nothing happens, and nothing is thrown", () => {
  const platform = edgePlatform(() => undefined);
  platform.keepRequest(Promise.resolve());
  globalThis[Symbol.for("@next/request-context")] = {
    get() {
      throw new Error("no request");
    },
  };
  platform.keepRequest(Promise.resolve());
  delete globalThis[Symbol.for("@next/request-context")];
});
