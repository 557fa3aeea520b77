// What is current: through promises, timers, emitters, callbacks, and for whom not.

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { ROOT, llmobs, sleep, traced } from "../support/traced.mjs";

const task = (name, fn = () => {}) => llmobs.trace({ kind: "task", name }, fn);
const parentOf = (spans, name) => {
  const span = spans.find((each) => each.name === name);
  return spans.find((each) => each.span_id === span.parent_id)?.name ?? ROOT;
};

test("children of awaits, of Promise.all, of timers and of microtasks are below their parent", async () => {
  const { spans } = await traced(() =>
    task("root", async () => {
      await sleep(1);
      task("after await");
      await Promise.all(["a", "b"].map((name) => task(name, () => sleep(2).then(() => task(`in ${name}`)))));
      await new Promise((resolve) => setTimeout(() => resolve(task("timer")), 1));
      await new Promise((resolve) => queueMicrotask(() => resolve(task("microtask"))));
      await new Promise((resolve) => setImmediate(() => resolve(task("immediate"))));
      process.nextTick(() => task("tick"));
      await sleep(1);
    }),
  );
  for (const name of ["after await", "a", "b", "timer", "microtask", "immediate", "tick"]) {
    assert.equal(parentOf(spans, name), "root", name);
  }
  assert.equal(parentOf(spans, "in a"), "a");
  assert.equal(parentOf(spans, "in b"), "b");
});

test("a listener has the context of who emits, and a bound one that of where it was bound", async () => {
  const { spans } = await traced(() => {
    const emitter = new EventEmitter();
    task("outer", () => {
      emitter.on("x", () => task("listener"));
      emitter.on("x", llmobs.bind(() => task("bound")));
    });
    task("emitter", () => emitter.emit("x"));
  });
  assert.equal(parentOf(spans, "listener"), "emitter");
  assert.equal(parentOf(spans, "bound"), "outer");
});

test("what was current is current again, at once and after a failure", async () => {
  const { spans } = await traced(async () => {
    await task("root", async () => {
      const pending = task("slow", () => sleep(5));
      task("beside");
      assert.throws(() => task("failing", () => { throw new Error("x"); }));
      task("after the failure");
      await pending;
    });
    task("later");
  });
  assert.equal(parentOf(spans, "beside"), "root");
  assert.equal(parentOf(spans, "after the failure"), "root");
  assert.equal(parentOf(spans, "later"), ROOT);
});

test("work that outlives its parent stays in the trace", async () => {
  const { spans } = await traced(async () => {
    let late;
    task("root", () => {
      late = sleep(5).then(() => task("late"));
    });
    await late;
  });
  assert.equal(parentOf(spans, "late"), "root");
});

test("sessions of two roots never mix", async () => {
  const { spans } = await traced(() =>
    Promise.all(
      ["s1", "s2"].map((sessionId) =>
        llmobs.trace({ kind: "workflow", name: `root ${sessionId}`, sessionId }, async () => {
          await sleep(1);
          task(`child ${sessionId}`);
        }),
      ),
    ),
  );
  for (const span of spans) assert.equal(span.session_id, span.name.split(" ")[1]);
});

test("a child without a session does not take that of its sibling", async () => {
  const { named } = await traced(() =>
    task("root", () => {
      llmobs.trace({ kind: "task", name: "with", sessionId: "s" }, () => task("inner"));
      task("without");
    }),
  );
  assert.equal(named.inner.session_id, "s");
  assert.equal(named.without.session_id, undefined);
  assert.equal(named.root.session_id, undefined);
});

test("annotation contexts merge, reach later work, and end", async () => {
  const { named } = await traced(() =>
    llmobs.annotationContext({ tags: { team: "a", x: "1" }, name: "named" }, async () => {
      await sleep(1);
      llmobs.annotationContext({ tags: { team: "b" } }, () => task("inner"));
      llmobs.annotationContext({ name: "again" }, () => task("other"));
    }),
  );
  const { named: inner, again } = named;
  assert.ok(inner.tags.includes("team:b") && inner.tags.includes("x:1"), inner.tags.join());
  assert.ok(again.tags.includes("team:a"));
  const later = await traced(() => task("later"));
  assert.ok(!later.named.later.tags.some((tag) => tag.startsWith("team")));
});

test("`using` ends a span", async () => {
  const { named } = await traced(() => {
    const span = llmobs.startSpan({ kind: "task", name: "block" });
    span[Symbol.dispose]();
    assert.equal(span.finished, true);
  });
  assert.ok(named.block);
});

test("a span that nobody finishes is counted as unfinished", async () => {
  const { spans } = await traced(() => {
    llmobs.startSpan({ kind: "task", name: "forgotten" });
    task("kept");
    assert.equal(llmobs.statistics().open, 1);
  });
  assert.deepEqual(spans.map(({ name }) => name), ["kept"]);
});
