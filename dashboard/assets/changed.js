/* A figure that changed at a refresh is tinted for a moment. What a move shows is other figures, not changed ones. */
(function () {
  "use strict";

  const TINT_MS = 600;
  let screen = null;
  const known = new Map();
  const ends = new WeakMap();
  let awaited = false;

  /* Figures by the part of the screen they are in, metric, hub, and place among equal ones. Parts are named by the screen. */
  function figures() {
    const found = new Map();
    for (const part of document.querySelectorAll(`#screen [id$="-${CSS.escape(screen)}"]`)) {
      for (const figure of part.querySelectorAll("[data-metric][data-value]")) {
        const name = [part.id, figure.dataset.metric, figure.dataset.hub].join(" ");
        let place = 0;
        while (found.has(`${name} ${place}`)) { place += 1; }
        found.set(`${name} ${place}`, { figure, value: figure.dataset.value, text: figure.textContent });
      }
    }
    return found;
  }

  function look() {
    awaited = false;
    if (screen !== document.body.dataset.ready) { screen = document.body.dataset.ready; known.clear(); }
    if (!screen) { return; }
    const found = figures();
    const changed = [];
    for (const [name, { figure, value, text }] of found) {
      const before = known.get(name);
      /* What is away for a frame while a table draws its rows anew stays known. */
      known.set(name, { value, text });
      /* What reads the same has not changed for the eye; the same value elsewhere in a list may read otherwise. */
      if (before && before.value !== value && before.text !== text) { changed.push(figure); }
    }
    tint(changed);
  }

  /* One that changes again while its tint is there keeps it for its whole time. */
  function tint(changed) {
    for (const figure of changed) {
      clearTimeout(ends.get(figure));
      figure.classList.add("hs-changed");
      ends.set(figure, setTimeout(() => figure.classList.remove("hs-changed"), TINT_MS));
    }
  }

  const ofScreen = ({ target }) => target === document.body || target.closest("#screen");
  new MutationObserver((records) => {
    if (!awaited && records.some(ofScreen)) { awaited = true; requestAnimationFrame(look); }
  }).observe(document.documentElement, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["data-value", "data-ready"],
  });
})();
