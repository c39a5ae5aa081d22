/* Menus that close by themselves. The buttons that send a run again. And the search of the dictionary: rows are hidden here; the word is in the address as q. */
(function () {
  "use strict";

  function closeMenus(but) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== but) { menu.open = false; }
    }
  }
  document.addEventListener("click", (event) => {
    const list = event.target.closest(".menu-list");
    closeMenus(list && !event.target.closest("a") ? list.closest(".menu") : event.target.closest("summary")?.parentElement);
  }, true);
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  /* At another moment the same run is another question. */
  document.addEventListener("click", (event) => {
    const run = event.target.closest("[data-resend]")?.dataset.resend;
    if (run) { window.dash_clientside.set_props("resend", { data: { run, at: Date.now() } }); }
  });

  function filter(box) {
    const wanted = box.value.trim().toLowerCase();
    let found = 0;
    for (const row of document.querySelectorAll("[data-words]")) {
      row.hidden = !wanted.split(/\s+/).every((word) => row.dataset.words.includes(word));
      found += row.hidden ? 0 : 1;
    }
    for (const group of document.querySelectorAll("[data-metric-group]")) {
      group.hidden = !group.querySelector("[data-words]:not([hidden])");
    }
    document.getElementById("metric-none").hidden = found > 0;
    document.getElementById("metric-found").textContent = wanted ? String(found) : "";
  }

  document.addEventListener("input", (event) => {
    if (event.target.id !== "metric-search") { return; }
    filter(event.target);
    window.hubstatNote("q", event.target.value.trim());
  });

  /* A screen that was just drawn takes the word of the address, and shows the chosen row. */
  new MutationObserver(() => {
    const box = document.getElementById("metric-search");
    if (!box || box.dataset.taken) { return; }
    box.dataset.taken = "1";
    const word = new URLSearchParams(window.location.search).get("q");
    if (word) {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, word);
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const list = document.querySelector(".metric-list");
    const chosen = list && list.querySelector(".metric-row.on");
    if (chosen && list.scrollHeight > list.clientHeight) {
      list.scrollTop = chosen.offsetTop - list.offsetTop - list.clientHeight / 3;
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
