// Chart.js, loaded when the first chart is drawn, in the colours of the page.

/** @type {Promise<any> | null} */
let loading = null;

/** @returns {Promise<any>} the constructor of charts */
export function library() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "/assets/chart.js";
    script.addEventListener("load", () => resolve(/** @type {any} */ (window).Chart));
    script.addEventListener("error", () => {
      loading = null;
      reject(new Error("The charts could not be loaded."));
    });
    document.head.append(script);
  });
  return loading;
}

/**
 * A colour of the page as the browser computes it now, since a canvas knows no custom properties.
 * @param {string} name of a token, without the dashes
 * @param {number} [share] how opaque, 0 to 1
 */
export function colour(name, share = 1) {
  const probe = document.createElement("i");
  probe.style.color =
    share === 1 ? `var(--${name})` : `color-mix(in srgb, var(--${name}) ${share * 100}%, transparent)`;
  document.body.append(probe);
  const text = getComputedStyle(probe).color;
  probe.remove();
  return text;
}

/** The page's font, which a canvas does not inherit. */
export function font() {
  return getComputedStyle(document.body).fontFamily;
}
