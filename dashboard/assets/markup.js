/* Draws the parts of a screen: plain elements without a component of Dash's for each of them. */
(function () {
  "use strict";

  /* A place that did not change is the same object as before: React passes over an element that it has drawn already. */
  const drawn = new WeakMap();

  function inner(content) {
    const list = Array.isArray(content) ? content : [content];
    return list.map((node) => {
      if (node === null || typeof node !== "object") { return node; }
      if (!drawn.has(node)) { drawn.set(node, element(node)); }
      return drawn.get(node);
    });
  }

  function element({ type, namespace, props }) {
    const { children, ...attributes } = props || {};
    if (namespace === "dash_html_components" && typeof attributes.id !== "object") {
      return React.createElement(type.toLowerCase(), attributes, ...inner(children));
    }
    if (namespace === "dash_mantine_components" && type === "Tooltip") {
      return React.createElement(window.dash_mantine_components.Tooltip, attributes, ...inner(children));
    }
    throw new Error(`a part of a screen cannot hold ${namespace}.${type} ${JSON.stringify(attributes.id) || ""}`);
  }

  const own = /^(id|className|role|style|tabIndex|data-.*|aria-.*)$/;

  function Markup({ tag, tree, ...props }) {
    const attributes = Object.fromEntries(Object.entries(props).filter(([name]) => own.test(name)));
    return React.createElement(tag, attributes, ...inner(tree));
  }

  window.hubstat_markup = { Markup };
})();
