// Where somebody chooses a password. Every text comes from the page's data attributes.
(() => {
  "use strict";
  const all = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const byId = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);

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
})();
