// The launcher: search while typing; stars and order without loading the page anew.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const input = document.querySelector("[data-filter]"), none = byId("none");
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const look = () => {
    const query = input.value.trim(), wanted = plain(query).split(/\s+/);
    const items = [...document.querySelectorAll("[data-app]")];
    items.forEach((item) => {
      const text = plain(item.querySelector(".tile").textContent);
      item.hidden = !wanted.every((word) => text.includes(word));
    });
    document.querySelectorAll("[data-recent], #apps > .wide").forEach((part) => { part.hidden = query !== ""; });
    none.textContent = items.every((item) => item.hidden) ? none.dataset.text.replace("{query}", () => query) : "";
  };
  if (input) {
    input.addEventListener("input", look);
    look();
  }

  // What changed is taken out of the answer's page.
  const send = async (form, fields, focus, move) => {
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(fields) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      byId("apps").replaceWith(page.getElementById("apps"));
      if (input) look();
      const tile = document.querySelector(`[data-app="${focus}"]`), order = [...document.querySelectorAll("[draggable=true]")];
      const at = order.indexOf(tile) + 1, said = page.getElementById("changed")?.textContent.trim() ?? "";
      byId("said").textContent = at ? `${said} ${tile.dataset.place} ${at}/${order.length}` : said;
      const star = tile.querySelector(".pin button");
      (move ? tile.querySelector(`.pin [value=${move}]`) ?? tile.querySelector(".move") ?? star : star).focus();
    } catch {
      location.reload();
    }
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches(".pin")) return;
    event.preventDefault();
    const move = event.submitter.value;
    send(form, [...new FormData(form), ["move", move]], form.elements.client_id.value, /pin$/.test(move) ? "" : move);
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
