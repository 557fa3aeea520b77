// A trace as a tree: who is whose child, in what order, and which lines are shown when some are folded.

/** @typedef {import("../api_types.js").Span} Span */

/**
 * @typedef {object} Node
 * @property {Span} span
 * @property {Node | null} parent
 * @property {Node[]} children by start
 * @property {number} depth
 * @property {number} below how many spans are under it
 * @property {boolean} hides whether an error is under it
 * @property {boolean} orphan whether its parent has not arrived
 */

/**
 * @param {Span[]} spans
 * @returns {{ roots: Node[], nodes: Map<string, Node>, start: number, end: number }} start and end in ms
 */
export function treeOf(spans) {
  /** @type {Map<string, Node>} */
  const nodes = new Map();
  for (const span of spans)
    nodes.set(span.span_id, { span, parent: null, children: [], depth: 0, below: 0, hides: false, orphan: false });
  /** @type {Node[]} */
  const roots = [];
  for (const node of nodes.values()) {
    const parent = node.span.parent_id ? nodes.get(node.span.parent_id) : undefined;
    node.orphan = Boolean(node.span.parent_id) && !parent;
    node.parent = parent ?? null;
    (parent?.children ?? roots).push(node);
  }
  openCycles(nodes, roots);
  const byStart = (/** @type {Node} */ a, /** @type {Node} */ b) => a.span.start_ms - b.span.start_ms;
  roots.sort(byStart);
  for (const node of nodes.values()) node.children.sort(byStart);
  const order = walk(roots, () => true);
  for (const node of order) node.depth = node.parent ? node.parent.depth + 1 : 0;
  for (const node of order.reverse()) {
    if (!node.parent) continue;
    node.parent.below += 1 + node.below;
    node.parent.hides ||= node.hides || node.span.status === "error";
  }
  let start = Infinity;
  for (const { span } of roots) start = Math.min(start, span.start_ms);
  let end = start;
  for (const { span } of nodes.values()) end = Math.max(end, span.start_ms + span.duration_ms);
  return { roots, nodes, start, end };
}

/**
 * Spans whose parents form a cycle are below no root: one span of each cycle becomes a root.
 * @param {Map<string, Node>} nodes @param {Node[]} roots
 */
function openCycles(nodes, roots) {
  const reached = new Set(walk(roots, () => true));
  for (const node of nodes.values()) {
    if (reached.has(node)) continue;
    /** @type {Set<Node>} */
    const climbed = new Set();
    let at = node;
    for (; at.parent && !climbed.has(at); at = at.parent) climbed.add(at);
    at.parent?.children.splice(at.parent.children.indexOf(at), 1);
    at.parent = null;
    roots.push(at);
    for (const each of walk([at], () => true)) reached.add(each);
  }
}

/**
 * The nodes from top to bottom, without those under a node that is not `open`. No recursion: a chain of
 * ten thousand spans is walked as well.
 * @param {Node[]} roots
 * @param {(node: Node) => boolean} open
 */
export function walk(roots, open) {
  /** @type {Node[]} */
  const found = [];
  const left = [...roots].reverse();
  for (let node = left.pop(); node; node = left.pop()) {
    found.push(node);
    if (open(node)) for (let at = node.children.length - 1; at >= 0; at -= 1) left.push(node.children[at]);
  }
  return found;
}

/** The tokens of a span: as sent, else what went in and out. @param {Span} span @returns {number | null} */
export function tokensOf(span) {
  const { total_tokens: total, input_tokens: input, output_tokens: output } = span.metrics;
  if (total !== undefined) return total;
  return input === undefined && output === undefined ? null : (input ?? 0) + (output ?? 0);
}

/** The cost of a span in dollars. @param {Span} span @returns {number | null} */
export function costOf(span) {
  const { total_cost: total, input_cost: input, output_cost: output } = span.metrics;
  if (total !== undefined) return total;
  return input === undefined && output === undefined ? null : (input ?? 0) + (output ?? 0);
}
