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
  const FORMS = { count, percent, span, decimal: (value) => value.toFixed(1), text: String };
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

  cells.HsProgress = function (props) {
    if (!props.data) { return null; }
    const share = props.value || 0;
    return el("span", { className: "hs-progress" },
      el("span", { className: "hs-track" }, el("span", { className: "hs-fill", style: { width: `${share * 100}%` } })),
      figure(props, props.value, textOf(props)));
  };

  cells.HsLate = function (props) {
    if (!props.data) { return null; }
    if (!props.value) { return figure(props, props.value, shown(props.value), "quiet"); }
    return el("span", { className: "hs-late" },
      el("span", { className: "shape shape-late", "aria-hidden": "true" }, "▲"),
      figure(props, props.value, shown(props.value)));
  };

  cells.HsIdle = function (props) {
    if (!props.data) { return null; }
    return figure(props, props.value, shown(props.value), props.value >= 0.5 ? "hs-idle" : "quiet");
  };

  cells.HsHeat = function (props) {
    const pair = props.value || [null, 0];
    const hot = el("span", {
      className: "n hs-heat", "data-step": pair[1], "data-metric": `invoices_per_hour.${props.hour}`,
      "data-hub": props.data.id, "data-value": JSON.stringify(pair[0]),
    }, shown(pair[0], "decimal"));
    return pair[0] === null ? el("span", { className: "quiet" }, hot) : hot;
  };

  cells.HsLast = function (props) {
    if (!props.data) { return null; }
    const row = props.data;
    const done = props.value && row.left === 0;
    return el("span", { title: props.value ? props.words[done ? 1 : 0] : "" },
      figure(props, props.value, row.last, ""),
      done ? el("span", { className: "hs-tail" }, props.words[1]) : null);
  };

  /* Worst first: the rank of the row, given by the server. */
  functions.hsWorst = function (a, b, nodeA, nodeB) { return nodeB.data.rank - nodeA.data.rank; };

  functions.hsSorted = function (params) {
    const sorted = params.api.getColumnState().find((column) => column.sort);
    if (sorted && params.source === "uiColumnSorted") { window.hubstatSorted(sorted.colId, sorted.sort); }
  };
})();
