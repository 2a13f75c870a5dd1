// What the pages cannot do as plain HTML: copy, ask whether one is sure, and follow the calls as they come.
(() => {
  "use strict";
  const MOST = 200;
  const FETCHED = 100;

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await copy(button.dataset.copy);
    const label = button.textContent;
    button.textContent = "Copied";
    button.classList.add("done");
    setTimeout(() => {
      button.textContent = label;
      button.classList.remove("done");
    }, 1500);
  });

  async function copy(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    // Beyond localhost and without TLS a browser has no clipboard for us but this one.
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }

  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.sure;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  // What was chosen before htmx was there to hear of it.
  document.addEventListener("htmx:load", (event) => {
    if (event.target !== document.body) return;
    for (const choice of document.querySelectorAll("select[hx-get]")) {
      if (!choice.selectedOptions[0].defaultSelected) choice.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id !== "detail" && event.detail.elt.id !== "detail") return;
    const detail = document.getElementById("detail");
    const opened = location.pathname.split("/").pop();
    for (const row of document.querySelectorAll(".call-row")) row.classList.toggle("open", row.dataset.call === opened);
    detail.scrollTop = 0;
    detail.querySelector("h2")?.focus({ preventScroll: window.innerWidth > 992 });
  });

  function follow(list) {
    const said = document.querySelector("[data-live]");
    const dot = said.previousElementSibling;
    const pause = document.querySelector("[data-pause]");
    let waiting = 0;
    let timer = null;
    let paused = false;

    const tell = () => {
      const live = source.readyState === EventSource.OPEN;
      dot.classList.toggle("on", live && !paused);
      said.textContent = paused ? `Paused, ${waiting} new` : live ? "Live" : "Reconnecting";
    };
    const fetchRows = async () => {
      timer = null;
      if (paused || !waiting) return;
      waiting = 0;
      const newest = list.querySelector("[data-call]");
      const after = newest ? `?after=${encodeURIComponent(newest.dataset.call)}` : "";
      const answer = await fetch(list.dataset.rows + after);
      if (answer.ok) insert(await answer.text());
      if (waiting) timer ??= setTimeout(fetchRows, 250);
    };
    const insert = (html) => {
      const rows = new DOMParser().parseFromString(`<ol>${html}</ol>`, "text/html").querySelectorAll("li");
      const known = new Set([...list.querySelectorAll("[data-call]")].map((row) => row.dataset.call));
      const fresh = [...rows].filter((row) => !known.has(row.firstElementChild.dataset.call));
      // So many at once may not be all of them: a list without a gap is better than a longer one with one.
      if (fresh.length >= FETCHED) list.replaceChildren();
      for (const row of fresh) row.classList.add("fresh");
      list.prepend(...fresh);
      for (const row of fresh) htmx.process(row);
      while (list.children.length > MOST) list.lastElementChild.remove();
    };

    const source = new EventSource(list.dataset.stream);
    source.addEventListener("open", tell);
    source.addEventListener("error", tell);
    source.addEventListener("call", () => {
      waiting += 1;
      // At most four times a second, however many calls there are.
      if (paused) tell();
      else timer ??= setTimeout(fetchRows, 250);
    });
    pause.addEventListener("click", () => {
      paused = !paused;
      pause.setAttribute("aria-pressed", String(paused));
      tell();
      fetchRows();
    });
    addEventListener("pagehide", () => source.close());
  }

  const list = document.querySelector("[data-stream]");
  if (list) follow(list);
})();
