// Matches the spans of two trees.

/** @typedef {import("./model.js").Node} Node */
/** @typedef {{ left: Node | null, right: Node | null, depth: number }} Pair */

/** Above this many children a level is matched by place, since matching by meaning grows with the square. */
const MATCHED = 600;

/**
 * The pairs from top to bottom. Spans belong together when they have the same name and kind, the same
 * place under parents that belong together, and the same order.
 * @param {Node[]} left
 * @param {Node[]} right
 * @returns {Pair[]}
 */
export function align(left, right) {
  /** @type {Pair[]} */
  const found = [];
  /** @type {Pair[]} */
  const waiting = match(left, right, 0).reverse();
  for (let pair = waiting.pop(); pair; pair = waiting.pop()) {
    found.push(pair);
    waiting.push(...match(pair.left?.children ?? [], pair.right?.children ?? [], pair.depth + 1).reverse());
  }
  return found;
}

/** @param {Node} node */
function key(node) {
  return `${node.span.kind}\n${node.span.name}`;
}

/** @param {Node[]} left @param {Node[]} right @param {number} depth @returns {Pair[]} */
function match(left, right, depth) {
  const alone = (/** @type {Node} */ node, /** @type {"left" | "right"} */ side) => ({
    left: side === "left" ? node : null,
    right: side === "right" ? node : null,
    depth,
  });
  if (left.length > MATCHED || right.length > MATCHED) return byPlace(left, right, depth);
  const keysLeft = left.map(key);
  const keysRight = right.map(key);
  // The longest common sequence, from the ends.
  const best = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i -= 1)
    for (let j = right.length - 1; j >= 0; j -= 1)
      best[i][j] = keysLeft[i] === keysRight[j] ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1]);
  /** @type {Pair[]} */
  const pairs = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && keysLeft[i] === keysRight[j])
      pairs.push({ left: left[i++], right: right[j++], depth });
    else if (j >= right.length || (i < left.length && best[i + 1][j] >= best[i][j + 1]))
      pairs.push(alone(left[i++], "left"));
    else pairs.push(alone(right[j++], "right"));
  }
  return pairs;
}

/** @param {Node[]} left @param {Node[]} right @param {number} depth @returns {Pair[]} */
function byPlace(left, right, depth) {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, at) => ({
    left: left[at] ?? null,
    right: right[at] ?? null,
    depth,
  }));
}
