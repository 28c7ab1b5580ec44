// Comforts on pages that work without. Texts come from data attributes.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const byId = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);

  // After a form: an address that Back and a reload can load.
  if (root.dataset.here) try { history.replaceState(null, "", root.dataset.here); } catch { /* another host name */ }

  // No cookie fits at another address, which the browser alone knows.
  all("[data-elsewhere]", (note) => {
    note.hidden = location.origin === note.dataset.elsewhere;
    note.querySelector("[data-used]").textContent = `${location.origin}:`;
  });

  // Theme: the system's, light, dark.
  all("[data-theme-switch]", (button) => {
    const order = ["auto", "light", "dark"];
    const show = () => {
      const theme = root.dataset.theme || "auto";
      button.dataset.now = theme;
      button.title = button.dataset[theme];
      button.setAttribute("aria-label", button.dataset[theme]);
    };
    button.addEventListener("click", () => {
      const next = order[(order.indexOf(button.dataset.now) + 1) % 3];
      root.setTheme(next === "auto" ? "" : next);
      try {
        if (next === "auto") localStorage.removeItem("theme");
        else localStorage.setItem("theme", next);
      } catch { /* blocked: it holds for this page */ }
      show();
    });
    show();
  });

  const spoken = root.dataset.dates || root.lang;
  const seconds = new Intl.NumberFormat(spoken, { style: "unit", unit: "second", unitDisplay: "long" });

  // Counted from when the page came: clocks may be wrong.
  all("[data-seconds]", (place) => {
    const end = Date.now() + Number(place.dataset.seconds) * 1000;
    const tick = () => {
      const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      const time = left < 60 ? seconds.format(left)
        : Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
      place.textContent = fill(place.dataset.text, { time });
      if (left) return;
      clearInterval(timer);
      place.textContent = "";
      const done = byId(place.dataset.doneAt);
      if (done) done.textContent = done.dataset.text;
      const form = byId(place.dataset.send);
      if (form) form.requestSubmit();
    };
    const timer = setInterval(tick, 500);
    tick();
  });

  // The visitor's own time in place of UTC.
  all("[data-epoch]", (place) => {
    const style = place.dataset.style === "time" ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
    place.textContent = new Intl.DateTimeFormat(spoken, style).format(Number(place.dataset.epoch) * 1000);
  });

  // The typed name goes along to the pages of help, in this tab.
  const name = byId("login");
  try {
    if (name && !name.value) name.value = sessionStorage.getItem("name") || "";
    if (name) sessionStorage.removeItem("name");
    all("a[href*='/help'], button[value=show]", (link) => link.addEventListener("click", () => {
      if (name?.value) sessionStorage.setItem("name", name.value);
    }));
  } catch { /* blocked: it is typed again */ }

  all("[data-clock]", (place) => {
    const wrong = Math.round(Math.abs(Date.now() / 1000 - Number(place.dataset.clock)));
    place.textContent = wrong < 20 ? place.dataset.right : fill(place.dataset.wrong, { time: seconds.format(wrong) });
  });

  // A logo that does not load leaves its letter.
  all(".mark img", (image) => {
    const drop = () => image.remove();
    if (image.complete && !image.naturalWidth) drop();
    else image.addEventListener("error", drop);
  });

  // Menus close on Escape and on a click elsewhere.
  all(".menu", (menu) => {
    document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  if (!navigator.cookieEnabled) all("[data-no-cookies]", (note) => { note.hidden = false; });

  // A form is sent once. The guard ends by itself, and by Back.
  const free = (form) => {
    delete form.dataset.busy;
    form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  };
  all("form[method=post]", (form) => form.addEventListener("submit", (event) => {
    if (form.dataset.busy) {
      event.preventDefault();
      return;
    }
    form.dataset.busy = "1";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
    setTimeout(free, 8000, form);
  }));
  addEventListener("pageshow", (event) => { if (event.persisted) all("form", free); });
})();
