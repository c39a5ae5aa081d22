/* Table cells: drawn from raw values; each figure carries its metric, hub and raw value for proof and tests. */
(function () {
  "use strict";
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  const el = (...args) => window.React.createElement(...args);
  const NONE = "—";

  function count(value) { return Math.round(value).toLocaleString("en-US").replace("-", "−"); }
  function percent(value) {
    let text = (value * 100).toFixed(1);
    if (value < 1 && Number(text) >= 100) { text = "99.9"; }
    return text.replace("-", "−") + "%";
  }
  function span(value) {
    const whole = Math.round(value);
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  }
  const stops = (value) => (value > 0 && value <= 0.5 ? "<1" : count(value));
  const signed = (value) => (value && Math.abs(value) <= 0.5
    ? (value < 0 ? "−<1" : "+<1") : (Math.round(value) > 0 ? "+" : "") + count(value));
  const FORMS = {
    count, percent, span, stops, decimal: (value) => value.toFixed(1), whole: (value) => `${Math.round(value * 100)}%`, text: String,
  };
  const shown = (value, form) => (value === null || value === undefined ? NONE : FORMS[form || "count"](value));

  function figure(props, value, text, className) {
    return el("span", {
      className: "n" + (className ? " " + className : ""),
      "data-metric": props.metric,
      "data-hub": props.data.id,
      "data-value": JSON.stringify(value === undefined ? null : value),
    }, text);
  }
  function rawOf(props) { return props.raw ? props.data.f[props.raw] : props.value; }
  function textOf(props) {
    const hidden = props.data.x && props.data.x[props.metric];
    return hidden || shown(props.value, props.form);
  }

  cells.HsFigure = function (props) {
    if (!props.data) { return null; }
    const main = figure(props, rawOf(props), textOf(props), props.value === 0 ? "quiet" : "");
    if (!props.of) { return main; }
    return el("span", null, main, el("span", { className: "quiet" }, " / "),
      figure({ metric: props.of, data: props.data }, props.data.f[props.of], shown(props.data.f[props.of], "count"), "quiet"));
  };

  cells.HsName = function (props) {
    const row = props.data;
    if (!row) { return null; }
    const quiet = row.quiet ? " hs-plain" : "";
    const name = row.href
      ? el("a", { href: row.href, "data-nav": "1", className: "hs-name" + quiet, tabIndex: -1 }, row.name)
      : el("span", { className: "hs-name" + quiet }, row.name);
    return el("span", null, name, row.meta ? el("span", { className: "hs-meta" }, row.meta) : null);
  };

  /* Where the plan is, on the track of the progress bar. */
  function planTick(props) {
    const plan = props.data.plan;
    return plan === null || plan === undefined ? null
      : el("span", { className: "hs-plan", style: { left: `${Math.min(plan, 1) * 100}%` } });
  }

  cells.HsProgress = function (props) {
    if (!props.data) { return null; }
    const share = props.value || 0;
    return el("span", { className: "hs-progress" },
      el("span", { className: "hs-track" }, el("span", { className: "hs-fill", style: { width: `${share * 100}%` } }), planTick(props)),
      figure(props, props.value, textOf(props)));
  };

  const mark = (kind, sign) => el("span", { className: `shape shape-${kind}`, "aria-hidden": "true" }, sign);

  /* A count that is bad when it is not 0, with its shape; beside it a rate. */
  function alarm(props, kind, sign) {
    if (!props.data) { return null; }
    const rate = props.rate
      ? el("span", { className: "hs-rate" }, figure({ metric: props.rate, data: props.data }, props.data.f[props.rate],
        (props.data.x && props.data.x[props.rate]) || shown(props.data.f[props.rate], "percent")))
      : null;
    const text = shown(props.value, props.form);
    if (!props.value) { return el("span", null, figure(props, props.value, text, "quiet"), rate); }
    return el("span", { className: `hs-${kind}` }, mark(kind, sign), figure(props, props.value, text), rate);
  }
  cells.HsLate = (props) => alarm(props, "late", "▲");
  cells.HsRisk = (props) => alarm(props, "risk", "◆");
  cells.HsShort = function (props) {
    return props.data ? figure(props, props.value, shown(props.value, "stops"), props.value ? "hs-short" : "quiet") : null;
  };

  /* Projected finish and the minutes from its deadline. */
  cells.HsFinish = function (props) {
    if (!props.data) { return null; }
    const [text, after, short] = props.data.fin;
    return el("span", { className: short ? "hs-late" : "" }, short ? mark("late", "▲") : null,
      figure(props, props.value, text), after ? el("span", { className: "n hs-after" }, after) : null);
  };

  /* A signed difference as text, grey where there is none. */
  cells.HsSign = function (props) {
    return props.data ? el("span", { className: "n" + (/[1-9]/.test(props.value || "") ? "" : " quiet") }, props.value || NONE) : null;
  };
  cells.HsBalance = function (props) {
    if (!props.data) { return null; }
    const kind = props.value > 0 ? "hs-ok" : props.value < 0 ? "hs-minus" : "quiet";
    return el("span", { className: `n ${kind}` }, signed(props.value));
  };

  cells.HsDoneLeft = function (props) {
    if (!props.data) { return null; }
    const share = props.data.f.completion || 0;
    return el("span", { className: "hs-progress" },
      el("span", { className: "hs-track" }, el("span", { className: "hs-fill", style: { width: `${share * 100}%` } }), planTick(props)),
      el("span", { className: "hs-pair" }, figure(props, props.value, shown(props.value)), el("span", { className: "quiet" }, " / "),
        figure({ metric: "open", data: props.data }, props.data.f.open, shown(props.data.f.open), "quiet")));
  };

  cells.HsIdle = function (props) {
    if (!props.data) { return null; }
    const idle = figure(props, props.value, shown(props.value), props.value >= 0.5 ? "hs-idle" : "quiet");
    const kinds = Object.entries(props.kinds || {}).filter(([kind]) => props.data.ex[kind]);
    const away = kinds.reduce((sum, [kind]) => sum + props.data.ex[kind], 0);
    const title = kinds.map(([kind, name]) => `${name} ${count(props.data.ex[kind])}`).join(" · ");
    return el("span", { title }, idle, el("span", { className: "n hs-rate" }, ` · ${count(away)}`));
  };

  cells.HsAmount = function (props) {
    return props.data ? el("span", { className: "n" + (props.data.decides ? " hs-decides" : "") }, props.value) : null;
  };

  /* A time that is no figure of the registry, as text. */
  cells.HsHeard = function (props) {
    return props.data ? el("span", { className: "n", "data-value": JSON.stringify(props.value || null) }, props.data.heard) : null;
  };

  cells.HsLast = function (props) {
    if (!props.data) { return null; }
    const row = props.data;
    const done = props.value && row.left === 0;
    return el("span", { title: props.value ? props.words[done ? 1 : 0] : "" },
      figure(props, props.value, row.last, ""),
      done ? el("span", { className: "hs-tail", role: "img", "aria-label": props.words[1] }, "✓") : null);
  };

  /* A Friend's day along the axis of its column, all x in percent so that it follows the column's width. */
  const H = 26;
  function strip(axis, day) {
    const x = (minute) => `${(100 * minute) / axis.length}%`;
    const wide = (from, to) => `${Math.max((100 * (to - from)) / axis.length, 0)}%`;
    const rect = (name, from, to, top, height, key) =>
      el("rect", { key, className: name, x: x(from), width: wide(from, to), y: top, height, rx: 1.5 });
    const rule = (name, at, key) => el("line", { key, className: name, x1: x(at), x2: x(at), y1: 0, y2: H });
    const parts = axis.deadlines.map(([at], place) => rule("st-deadline", at, `t${place}`));
    if (!day) { return [...parts, rule("st-now", axis.now[0], "now")]; }
    day.d.forEach(([a, b], n) => parts.push(el("line", { key: `d${n}`, className: "st-drive", x1: x(a), x2: x(b), y1: H / 2, y2: H / 2 })));
    day.r.forEach(([kind, a, b], n) => {
      parts.push(rect("st-rest", a, b, 7, H - 14, `r${n}`));
      if (b - a >= axis.length / 14) {
        parts.push(el("text", { key: `w${n}`, className: "st-word", x: x((a + b) / 2), y: H / 2 + 4 }, kind));
      }
    });
    day.p.forEach(([a, b], n) => parts.push(rect("st-spare", a, b, 5, H - 10, `p${n}`)));
    day.i.forEach(([a, b], n) => parts.push(rect("st-idle", a, b, 5, H - 10, `i${n}`)));
    day.s.forEach((a, n) => parts.push(el("rect", { key: `s${n}`, className: "st-stop", x: x(a), width: 2, y: 7, height: H - 14 })));
    day.b.forEach(([a, b], n) => parts.push(el("rect", {
      key: `b${n}`, className: "st-batch", x: x(a), width: Math.max(7, b - a), y: 5, height: H - 10, rx: 1.5, fill: "url(#hs-hatch)",
    })));
    parts.push(rule("st-now", axis.now[0], "now"));
    if (day.f !== null && day.f > axis.now[0]) {
      parts.push(el("line", { key: "ahead", className: "st-ahead", x1: x(axis.now[0]), x2: x(day.f), y1: H / 2, y2: H / 2 }));
      const missed = axis.deadlines.map(([at]) => at).filter((at) => at < day.f).pop();
      if (day.late && missed !== undefined) {
        parts.push(el("line", { key: "over", className: "st-over", x1: x(Math.max(missed, axis.now[0])), x2: x(day.f), y1: H / 2, y2: H / 2 }));
      }
      parts.push(el("svg", { key: "end", x: x(day.f), y: H / 2, overflow: "visible", width: 1, height: 1 },
        day.late ? el("path", { className: "st-late", d: "M0,-5 L5,4 L-5,4 Z" }) : el("circle", { className: "st-fine", r: 4 })));
    }
    return parts;
  }
  const HATCH = () => el("defs", { key: "defs" }, el("pattern", {
    id: "hs-hatch", width: 4, height: 4, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)",
  }, el("rect", { className: "st-hatch-back", width: 4, height: 4 }), el("rect", { className: "st-hatch", width: 1.8, height: 4 })));

  cells.HsStrip = function (props) {
    if (!props.data) { return null; }
    const label = props.value ? props.value.label : "";
    const said = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
    return el("svg", { className: "hs-strip", width: "100%", height: H, ...said },
      label ? el("title", { key: "title" }, label) : null, HATCH(), ...strip(props.axis, props.value));
  };

  cells.HsStripHead = function (props) {
    const { axis } = props;
    const x = (minute) => `${(100 * minute) / axis.length}%`;
    /* A label takes about a quarter of a narrow column: of two that are nearer only the first is written. */
    const written = axis.now[1] ? [axis.now[0]] : [];
    const named = axis.deadlines.filter(([at]) => written.every((each) => Math.abs(each - at) >= axis.length / 4) && written.push(at));
    const near = (at) => [axis.now[0], ...axis.deadlines.map(([each]) => each)].some((each) => Math.abs(each - at) < axis.length / 9);
    const side = (at) => (at < axis.length / 25 ? "start" : at > axis.length * 0.93 ? "end" : "middle");
    const label = (name, at, words, key) =>
      el("text", { key, className: name, x: x(at), y: 14, style: { textAnchor: side(at) } }, words);
    return el("svg", { className: "hs-strip", width: "100%", height: H, role: "img", "aria-label": props.displayName },
      ...axis.hours.filter(([at]) => !near(at)).map(([at, words], n) => label("st-hour", at, words, n)),
      label("st-hour st-named", axis.now[0], axis.now[1], "now"),
      ...named.map(([at, words], n) => label("st-hour st-named", at, words, `t${n}`)));
  };

  /* Numbers as text: a true minus, perhaps nothing. */
  functions.hsNumber = function (a, b) {
    const number = (text) => (typeof text === "number" ? text : Number(String(text).replace("−", "-")) || 0);
    return number(a) - number(b);
  };

  /* Worst first: the rank of the row, given by the server. */
  functions.hsWorst = function (a, b, nodeA, nodeB) { return nodeB.data.rank - nodeA.data.rank; };

  functions.hsSorted = function (params) {
    const sorted = params.api.getColumnState().find((column) => column.sort);
    if (sorted && params.source === "uiColumnSorted") { window.hubstatSorted(sorted.colId, sorted.sort); }
  };
})();
