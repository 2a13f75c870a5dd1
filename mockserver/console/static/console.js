// Copies to the clipboard, confirms actions that cannot be undone, and follows the stream of calls.
(() => {
  "use strict";
  const MAX_ROWS = 200;
  const PAGE_SIZE = 100;

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
    // Outside a secure context (localhost or TLS) browsers have no navigator.clipboard.
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }

  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  // A choice made before htmx was loaded: send its change event again.
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
    const label = document.querySelector("[data-live]");
    const dot = label.previousElementSibling;
    const pause = document.querySelector("[data-pause]");
    let newCalls = 0;
    let timer = null;
    let paused = false;

    const showState = () => {
      const live = source.readyState === EventSource.OPEN;
      dot.classList.toggle("on", live && !paused);
      label.textContent = paused ? `Paused, ${newCalls} new` : live ? "Live" : "Reconnecting";
    };
    const fetchRows = async () => {
      timer = null;
      if (paused || !newCalls) return;
      newCalls = 0;
      const newest = list.querySelector("[data-call]");
      const after = newest ? `?after=${encodeURIComponent(newest.dataset.call)}` : "";
      const response = await fetch(list.dataset.rows + after);
      if (response.ok) insert(await response.text());
      if (newCalls) timer ??= setTimeout(fetchRows, 250);
    };
    const insert = (html) => {
      const rows = new DOMParser().parseFromString(`<ol>${html}</ol>`, "text/html").querySelectorAll("li");
      const known = new Set([...list.querySelectorAll("[data-call]")].map((row) => row.dataset.call));
      const fresh = [...rows].filter((row) => !known.has(row.firstElementChild.dataset.call));
      // A full page may lack older calls: replace the list, so that it has no gap.
      if (fresh.length >= PAGE_SIZE) list.replaceChildren();
      for (const row of fresh) row.classList.add("fresh");
      list.prepend(...fresh);
      for (const row of fresh) htmx.process(row);
      while (list.children.length > MAX_ROWS) list.lastElementChild.remove();
    };

    const source = new EventSource(list.dataset.stream);
    source.addEventListener("open", showState);
    source.addEventListener("error", showState);
    source.addEventListener("call", () => {
      newCalls += 1;
      // Fetch at most four times a second.
      if (paused) showState();
      else timer ??= setTimeout(fetchRows, 250);
    });
    pause.addEventListener("click", () => {
      paused = !paused;
      pause.setAttribute("aria-pressed", String(paused));
      showState();
      fetchRows();
    });
    addEventListener("pagehide", () => source.close());
  }

  const list = document.querySelector("[data-stream]");
  if (list) follow(list);
})();
