// Small comforts on top of pages that work without them. Every text comes from the page's data attributes.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const byId = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);

  // What a form led to cannot be loaded again by Back or a reload; its page has an address that can.
  if (root.dataset.here) try { history.replaceState(null, "", root.dataset.here); } catch { /* another host name */ }

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
      if (next === "auto") delete root.dataset.theme;
      else root.dataset.theme = next;
      try {
        if (next === "auto") localStorage.removeItem("theme");
        else localStorage.setItem("theme", next);
      } catch { /* storage is blocked: the choice holds for this page */ }
      show();
    });
    show();
  });

  // Show password. It is hidden again before it is sent, so that no browser keeps it as plain text.
  all("[data-reveal]", (button) => {
    const input = byId(button.dataset.reveal);
    const set = (shown) => {
      input.type = shown ? "text" : "password";
      button.textContent = shown ? button.dataset.hide : button.dataset.show;
      button.setAttribute("aria-label", shown ? button.dataset.hideLabel : button.dataset.showLabel);
    };
    button.addEventListener("click", () => {
      set(input.type === "password");
      input.focus();
    });
    input.form.addEventListener("submit", () => set(false));
    set(false);
  });

  // Caps Lock, live.
  all("[data-caps]", (note) => {
    const input = byId(note.dataset.caps);
    const look = (event) => {
      const on = event.getModifierState && event.getModifierState("CapsLock");
      note.textContent = on ? note.dataset.text : "";
    };
    ["keydown", "keyup", "mousedown"].forEach((kind) => input.addEventListener(kind, look));
    input.addEventListener("blur", () => { note.textContent = ""; });
  });

  // Two boxes that contradict each other.
  all("[data-excludes]", (box) => box.addEventListener("change", () => {
    const other = byId(box.dataset.excludes);
    if (box.checked && other) other.checked = false;
  }));

  // Seconds left, counted from when the page came: the visitor's clock may be wrong.
  all("[data-seconds]", (place) => {
    const end = Date.now() + Number(place.dataset.seconds) * 1000;
    const tick = () => {
      const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      const time = left < 60 ? fill(place.dataset.unit, { n: left })
        : Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
      place.textContent = fill(place.dataset.text, { time });
      if (left) return;
      clearInterval(timer);
      place.textContent = "";
      const done = byId(place.dataset.doneAt);
      if (done) done.textContent = done.dataset.text;
    };
    const timer = setInterval(tick, 500);
    tick();
  });

  // The visitor's own time beside UTC.
  all("[data-epoch]", (place) => {
    const style = place.dataset.style === "time" ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "long" };
    const time = new Intl.DateTimeFormat(navigator.language, style).format(Number(place.dataset.epoch) * 1000);
    place.textContent = fill(place.dataset.text || "{time}", { time });
    const row = place.closest("[data-row]");
    if (row) row.hidden = false;
  });

  // Copy a text of the page.
  all("[data-copy]", (button) => {
    const label = button.textContent;
    button.addEventListener("click", async () => {
      const source = byId(button.dataset.copy);
      let copied = true;
      try {
        await navigator.clipboard.writeText(source.textContent.trim());
      } catch {
        const range = document.createRange();
        range.selectNodeContents(source);
        const details = source.closest("details");
        if (details) details.open = true;
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        copied = document.execCommand("copy");
      }
      button.textContent = copied ? button.dataset.done : button.dataset.failed;
      setTimeout(() => { button.textContent = label; }, 3000);
    });
  });

  // Password meter: a hint while typing; the server decides.
  const rows = ["abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "01234567890"];
  const guessable = (text, words) => {
    const low = text.toLowerCase();
    const bare = low.replace(/[^\p{L}\p{N}]/gu, "");
    const rest = words.reduce((left, word) => word.length > 2 ? left.replaceAll(word, "") : left, bare);
    if (rest !== bare && rest.length < 8) return "personal";
    if (new Set(low).size < 6 || /^(.{1,4})\1+$/u.test(low)) return "repeated";
    if (bare.length > 3 && rows.some((row) => (row + row).includes(bare))) return "sequence";
    return /^(password|passwort|letmein|welcome|iloveyou|qwerty)\P{L}*$/u.test(low) ? "common" : "";
  };
  all("[data-meter]", (meter) => {
    const input = byId(meter.dataset.meter);
    const min = Number(meter.dataset.min);
    const words = meter.dataset.words.toLowerCase().split(/[\s@._-]+/).filter(Boolean);
    const text = meter.querySelector("[data-meter-text]");
    const judge = () => {
      const n = [...input.value.normalize("NFC")].length;
      const why = n < min ? "" : guessable(input.value, words);
      let level = n < min || why ? 1 : n < min + 4 ? 2 : n < min + 10 ? 3 : 4;
      if (!n) level = 0;
      meter.dataset.level = level;
      const key = !n ? "" : n < min ? "short" : why || ["", "", "fair", "good", "strong"][level];
      text.textContent = key ? fill(meter.dataset[key], { n, min }) : "";
    };
    input.addEventListener("input", judge);
    judge();
  });
  all("[data-match]", (note) => {
    const [first, second] = note.dataset.match.split(" ").map(byId);
    const look = () => {
      const same = first.value === second.value;
      note.textContent = !second.value ? "" : same ? note.dataset.same
        : first.value.startsWith(second.value) ? "" : note.dataset.different;
      note.dataset.ok = same;
    };
    first.addEventListener("input", look);
    second.addEventListener("input", look);
  });

  // Search the tiles.
  all("[data-filter]", (input) => {
    const items = [...byId(input.dataset.filter).children];
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

  // A logo that does not load leaves its letter.
  all(".mark img", (image) => {
    const drop = () => image.remove();
    if (image.complete && !image.naturalWidth) drop();
    else image.addEventListener("error", drop);
  });

  // An open menu closes on Escape and on a click elsewhere.
  all(".menu", (menu) => {
    document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  if (!navigator.cookieEnabled) all("[data-no-cookies]", (note) => { note.hidden = false; });

  // A form is sent once. The guard ends by itself, and Back out of the page cache never meets a dead button.
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
