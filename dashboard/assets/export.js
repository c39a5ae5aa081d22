/* Exports: a file is fetched as it is written, with the rows so far and a way to cancel; a broken answer is no file. */
(function () {
  "use strict";

  const words = () => document.getElementById("export-words").dataset;
  const count = (value) => value.toLocaleString("en-US");

  function toast() {
    const box = document.createElement("div");
    box.className = "toast";
    box.setAttribute("role", "status");
    const said = document.createElement("span");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = words().cancel;
    box.append(said, button);
    document.body.append(box);
    return {
      say: (text) => { said.textContent = text; },
      button,
      end: (text, seconds) => {
        said.textContent = text;
        button.remove();
        setTimeout(() => box.remove(), seconds * 1000);
      },
    };
  }

  function newlines(bytes) {
    let found = 0;
    for (const byte of bytes) { found += byte === 10 ? 1 : 0; }
    return found;
  }

  async function read(answer, shown) {
    const total = Number(answer.headers.get("X-Export-Rows") || 0);
    const lines = answer.headers.get("Content-Type").startsWith("text/csv");
    const reader = answer.body.getReader();
    const parts = [];
    let rows = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) { return new Blob(parts, { type: answer.headers.get("Content-Type") }); }
      parts.push(value);
      if (lines) { rows += newlines(value); }
      const far = lines ? `${count(Math.min(rows, total))} / ` : "";
      shown.say(`${words().running} ${far}${count(total)} ${words().rows}`);
    }
  }

  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  async function take(address) {
    const shown = toast();
    const stop = new AbortController();
    shown.say(words().running);
    shown.button.addEventListener("click", () => stop.abort());
    try {
      const answer = await fetch(address, { signal: stop.signal });
      if (!answer.ok) { shown.end(`${words().failed}: ${await answer.text()}`, 12); return; }
      const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))[1];
      save(await read(answer, shown), name);
      shown.end(`${words().done}: ${name}`, 5);
    } catch (error) {
      shown.end(stop.signal.aborted ? words().cancelled : words().failed, 8);
    }
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest('a[href^="/export?"]');
    if (!link) { return; }
    event.preventDefault();
    take(link.getAttribute("href"));
  });
})();
