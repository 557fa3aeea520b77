// The theme that was chosen earlier in this browser, set before anything is drawn. A plain script, because a
// module would run after the first frame, and the page would flash.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem("witspan-theme");
  } catch {
    // No storage (a private window may refuse it): the system's theme is used.
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
