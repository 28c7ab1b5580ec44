// The launcher: search while typing; stars and order without loading the page anew.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const input = document.querySelector("[data-filter]"), none = byId("none");
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const look = () => {
    const items = [...(byId("apps")?.children ?? [])];
    const wanted = plain(input.value.trim()).split(/\s+/);
    items.forEach((item) => { item.hidden = !wanted.every((word) => plain(item.textContent).includes(word)); });
    document.querySelectorAll("[data-recent]").forEach((part) => { part.hidden = input.value.trim() !== ""; });
    none.textContent = items.every((item) => item.hidden) ? none.dataset.text.replace("{query}", () => input.value.trim()) : "";
  };
  if (input) {
    input.addEventListener("input", look);
    look();
  }

  // What changed is taken out of the answer's page; where that fails, the form is sent as ever.
  const send = async (form, fields, focus) => {
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(fields) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      byId("apps").replaceWith(page.getElementById("apps"));
      byId("said").textContent = page.getElementById("changed")?.textContent.trim() ?? "";
      if (input) look();
      document.querySelector(`[data-app="${CSS.escape(focus)}"] .pin button`)?.focus();
    } catch {
      form.submit();
    }
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches(".pin")) return;
    event.preventDefault();
    send(form, [...new FormData(form), ["move", event.submitter.value]], form.elements.client_id.value);
  });

  // A pinned tile is dragged to its place.
  let held = null;
  const tileOf = (event) => event.target.closest?.("[draggable=true][data-app]");
  document.addEventListener("dragstart", (event) => { held = tileOf(event); });
  document.addEventListener("dragover", (event) => {
    const over = held && tileOf(event);
    if (!over) return;
    event.preventDefault();
    if (over !== held) over[over.compareDocumentPosition(held) & 2 ? "after" : "before"](held);
  });
  document.addEventListener("dragend", () => {
    if (!held) return;
    const order = [...document.querySelectorAll("#apps [draggable=true]")].map((one) => one.dataset.app).join(" ");
    const form = held.querySelector(".pin");
    send(form, [["form_key", form.elements.form_key.value], ["back", "home"], ["order", order]], held.dataset.app);
    held = null;
  });
})();
