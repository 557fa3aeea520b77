// `import "witspan/testing"`: for tests of an application's own spans.

export * from "../testing/index.js";
