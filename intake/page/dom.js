// The one way this page makes elements. Text from spans becomes text nodes and attributes of a fixed
// list, never markup, so nothing that an application traced can run here.

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Child | Child[]} Children */
/** @typedef {Record<string, any>} Props */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. `class` is its class, `text` its text, `on` its listeners by event, `data` its data
 * attributes, `css` its style by property (through the CSSOM, which the page's policy allows);
 * anything else is an attribute, left out when null or false.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props | null} [props]
 * @param {...Children} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  apply(element, props);
  append(element, children);
  return element;
}

/**
 * The same for a drawing.
 * @param {string} tag
 * @param {Props | null} [props]
 * @param {...Children} children
 * @returns {SVGElement}
 */
export function svg(tag, props, ...children) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  apply(element, props);
  append(element, children);
  return element;
}

/** @param {Element} parent @param {Children[]} children */
function append(parent, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
}

/** @param {HTMLElement | SVGElement} element @param {Props | null | undefined} props */
function apply(element, props) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.setAttribute("class", value);
    else if (name === "text") element.textContent = value;
    else if (name === "on") for (const [event, run] of Object.entries(value)) element.addEventListener(event, run);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "css")
      for (const [property, text] of Object.entries(value)) element.style.setProperty(property, String(text));
    else if (name === "value" && "value" in element) /** @type {any} */ (element).value = value;
    // Attributes that could carry script are rejected, from any caller.
    else if (name === "style" || name === "srcdoc" || name.startsWith("on"))
      throw new Error(`not an attribute of this page: ${name}`);
    else if (name === "href" && !/^(\/(?!\/)|#)/.test(value)) throw new Error("links of this page lead to this page");
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Puts `children` in the place of everything in `parent`. @param {Element} parent @param {...Children} children */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
}

/**
 * An element of the page that is known to be there.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/** Says something to people who do not see the screen. @param {string} text */
export function announce(text) {
  byId("announce").textContent = text;
}
