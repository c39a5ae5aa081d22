/* The browser's part of the board: theme, moves between places, arming of the next refresh, stale marking. */
(function () {
  "use strict";

  const GRACE_MS = 6000;
  /* A question that is still being answered is not asked again; after this long its answer is taken for lost. */
  const LOST_MS = 120000;
  /* A sentence of which the numbers alone changed is told no more often than this. */
  const QUIET_MS = 60000;
  const state = { pulse: null, answeredAt: null, askedAt: null, timer: null, interval: 2000, armed: 0, paused: false, opener: null };
  const answering = new Set();

  const dc = () => window.dash_clientside;

  /* The questions for a screen that the server has not answered yet. */
  const fetched = window.fetch;
  window.fetch = function (address, options) {
    const asked = fetched.apply(this, arguments);
    if (String(address).includes("_dash-update-component") && String(options && options.body).includes('"..pulse.data.')) {
      const question = { at: Date.now() };
      answering.add(question);
      const done = () => answering.delete(question);
      asked.then((answer) => answer.clone().arrayBuffer()).then(done, done);
    }
    return asked;
  };
  const awaited = (now) => [...answering].some((question) => now - question.at < LOST_MS);

  function ask() {
    clearTimeout(state.timer);
    state.timer = null;
    state.askedAt = Date.now();
    dc().set_props("tick", { data: { at: state.askedAt, search: window.location.search } });
  }

  function refreshes() {
    return Boolean(state.pulse && state.pulse.live && !state.paused && !document.hidden);
  }

  /* How long to wait, ms: the interval, or to when a new snapshot is expected at about that time. One that is late is not
     asked for all the time. */
  function pause() {
    const next = state.pulse.next;
    if (!next) { return state.interval; }
    const [first, every] = next;
    const least = state.interval - 0.75 * every;
    const later = first < least ? Math.ceil((least - first) / every) * every : 0;
    return Math.max(first + later, first > -every ? state.interval / 4 : state.interval);
  }

  /* The next refresh is armed only after the last one answered; a move that is on its way arms it when it has arrived. */
  function arm() {
    clearTimeout(state.timer);
    state.timer = null;
    if (!refreshes()) { return; }
    state.armed = pause();
    state.timer = setTimeout(() => { if (!awaited(Date.now())) { ask(); } }, state.armed);
  }

  /* What changed within the parts of a screen. Whether it could be: not before all of them are there, as a table is not
     while its code is still on its way. */
  function apply(props) {
    const there = Object.keys(props).every((id) => document.getElementById(id));
    for (const [id, values] of Object.entries(there ? props : {})) { dc().set_props(id, values); }
    return there;
  }

  /* What the server last sent as the drawer is not what is to be shown: it is sent again, or taken away. */
  function undraw() {
    if (state.pulse) { dc().set_props("pulse", { data: { ...state.pulse, proof: [] } }); }
  }

  function showStale(now) {
    const pulse = state.pulse;
    const overdue = state.answeredAt !== null && refreshes() && now - state.answeredAt > Math.max(state.interval, state.armed) + GRACE_MS;
    const stale = Boolean(pulse && pulse.ok && (pulse.stale || overdue));
    document.body.dataset.stale = stale ? "1" : "0";
    if (stale) {
      const seconds = Math.max(0, Math.round((now - state.goodAt) / 1000));
      const age = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      const put = (id, words) => { const el = document.getElementById(id); if (el) { el.textContent = words; } };
      put("stale-time", pulse.time || "");
      put("stale-age", age);
      put("stale-cause", pulse.stale || "");
    }
    /* An answer that never came (server gone, network cut) must not end the refresh. */
    if (overdue && !awaited(now) && now - state.askedAt > Math.max(state.interval, state.armed, GRACE_MS)) { ask(); }
  }
  setInterval(() => showStale(Date.now()), 1000);

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { clearTimeout(state.timer); return; }
    if (refreshes()) { state.answeredAt = Date.now(); ask(); }
  });

  /* An address but for its open drawer, and for the language that links name even where it is the usual one. */
  function undrawn(address) {
    const url = new URL(address, window.location.href);
    url.searchParams.delete("proof");
    url.searchParams.delete("lang");
    return url.pathname + "?" + url.searchParams;
  }

  function go(search) {
    const here = window.location.pathname + window.location.search;
    if (search === here) { return; }
    const stays = undrawn(search) === undrawn(here);
    document.body.dataset.moving = "1";
    window.history.pushState({}, "", search);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    if (!stays) { window.scrollTo(0, 0); }
  }

  /* The verdict is told when it reads otherwise. After a move the headline has the focus and is read anyway. */
  const told = { text: "", words: "", at: 0 };
  function tell(moved) {
    const head = document.querySelector(".verdict #headline");
    const text = head ? head.textContent : "";
    const words = text.replace(/[\d.,:]+/g, "");
    const now = Date.now();
    if (text === told.text || (!moved && words === told.words && now - told.at < QUIET_MS)) { return; }
    Object.assign(told, { text, words, at: now });
    const box = document.getElementById("said");
    if (box) { box.textContent = moved ? "" : text; }
  }

  const scope = (params) => [params.get("screen") || "status", params.get("level") || "nationwide", params.get("hub")].join(" ");

  /* Where a link leads: what changed in the address since it was drawn goes along, the order of rows within one hub's screen. */
  function target(anchor) {
    const url = new URL(anchor.href);
    const here = new URLSearchParams(window.location.search);
    const kept = (anchor.dataset.keep || "").split(" ").filter(Boolean);
    if (scope(url.searchParams) === scope(here)) { kept.push("sort"); }
    for (const name of kept) {
      const value = here.get(name);
      if (value === url.searchParams.get(name)) { continue; }
      if (value === null) { url.searchParams.delete(name); } else { url.searchParams.set(name, value); }
    }
    return url.pathname + url.search;
  }
  const follow = (anchor) => go(target(anchor));

  /* A link that is about to be copied or opened in another tab. */
  for (const kind of ["pointerdown", "focusin"]) {
    document.addEventListener(kind, (event) => {
      const anchor = event.target.closest("a[data-nav]");
      if (anchor) { anchor.setAttribute("href", target(anchor)); }
    });
  }

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
      return;
    }
    const anchor = event.target.closest("a[data-nav]");
    if (anchor) {
      if (anchor.dataset.proof) { state.opener = anchor; }
      event.preventDefault();
      follow(anchor);
      return;
    }
    const row = event.target.closest(".ag-row");
    const link = row && row.querySelector("a[data-nav]");
    if (link && !String(window.getSelection())) { follow(link); return; }
    if (event.target.closest("#pause")) {
      state.paused = !state.paused;
      document.body.dataset.paused = state.paused ? "1" : "0";
      event.target.closest("#pause").setAttribute("aria-pressed", String(state.paused));
      if (state.paused) { clearTimeout(state.timer); } else { state.answeredAt = Date.now(); ask(); }
    }
    if (event.target.closest("#stale-retry")) { ask(); }
    if (event.target.closest("#proof-renew")) { undraw(); ask(); }
  });

  /* Enter on a table cell opens its row, as a click does. */
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.closest("a, button, input, select")) { return; }
    const row = event.target.closest(".ag-row");
    const link = row && row.querySelector("a[data-nav]");
    if (link) { event.preventDefault(); follow(link); }
  });

  document.addEventListener("change", (event) => {
    if (event.target.id !== "date" || !/^\d{4}-\d\d-\d\d$/.test(event.target.value)) { return; }
    const params = new URLSearchParams(window.location.search);
    params.set("date", event.target.value);
    params.delete("proof");
    go(window.location.pathname + "?" + params);
  });
  document.addEventListener("click", (event) => {
    if (event.target.id === "date" && event.target.showPicker) {
      try { event.target.showPicker(); } catch (_) { /* not allowed in this frame: typing still works */ }
    }
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    hubstat: {
      look: (theme) => theme || (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"),
      scheme: (look) => look || "light",
      toggle: (clicks, look) => (clicks ? (look === "dark" ? "light" : "dark") : dc().no_update),
      answered: (pulse, interval, changes) => {
        const first = !state.pulse || !state.pulse.key;
        state.interval = Math.max(1, Number(interval) || 2) * 1000;
        const moved = pulse && state.pulse && pulse.key !== state.pulse.key;
        const fresh = pulse && (!state.pulse || pulse.seq !== state.pulse.seq);
        if (fresh) {
          /* Without a pulse the next answer is the whole screen. */
          if (changes && changes.seq === pulse.seq && !apply(changes.props)) { dc().set_props("pulse", { data: null }); }
          const closed = !moved && state.pulse && state.pulse.proof && !pulse.proof;
          state.pulse = pulse;
          state.answeredAt = Date.now();
          if (!pulse.stale) { state.goodAt = state.answeredAt; }
          document.documentElement.lang = pulse.lang || "ko";
          document.body.dataset.moving = "0";
          document.body.dataset.screen = pulse.screen || "";
          document.body.dataset.ready = pulse.key;
          /* By then the page has drawn it. */
          setTimeout(() => {
            tell(moved || first);
            if (closed && state.opener && state.opener.isConnected) { state.opener.focus({ preventScroll: true }); }
          }, 300);
          if (moved) { const head = document.getElementById("headline"); if (head) { head.focus({ preventScroll: true }); } }
          /* A slower answer for an address already left: ask for the present one. */
          if (pulse.search !== window.location.search) { ask(); return dc().no_update; }
        }
        showStale(Date.now());
        arm();
        return dc().no_update;
      },
      closed: (opened) => {
        if (opened === false) {
          const params = new URLSearchParams(window.location.search);
          /* The drawer closed without the server: what is shown is no longer what it last sent. */
          if (params.has("proof")) { undraw(); params.delete("proof"); go(window.location.pathname + "?" + params); }
        }
        return dc().no_update;
      },
    },
  });

  /* Part of the address that the browser alone knows of: it changes without a new screen. */
  window.hubstatNote = function (name, value) {
    const params = new URLSearchParams(window.location.search);
    if (value) { params.set(name, value); } else { params.delete(name); }
    window.history.replaceState(window.history.state, "", "?" + params);
    if (state.pulse) { state.pulse.search = window.location.search; }
  };
  window.hubstatSorted = (column, direction) => window.hubstatNote("sort", `${column}.${direction}`);
})();
