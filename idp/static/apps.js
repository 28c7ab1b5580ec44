// The launcher's search, while typing.
(() => {
  "use strict";
  const all = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const byId = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);

  // Search the tiles.
  all("[data-filter]", (input) => {
    const items = [...(byId(input.dataset.filter)?.children ?? [])];
    const none = byId(input.dataset.none);
    const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    const look = () => {
      const wanted = plain(input.value.trim()).split(/\s+/);
      items.forEach((item) => { item.hidden = !wanted.every((word) => plain(item.textContent).includes(word)); });
      none.textContent = items.every((item) => item.hidden) ? fill(none.dataset.text, { query: input.value.trim() }) : "";
    };
    input.addEventListener("input", look);
    look();
  });
})();
