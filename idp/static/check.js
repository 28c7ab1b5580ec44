// Shows that a browser is at work: finds the number whose hash is asked for, in pieces, so that typing stays smooth.
"use strict";
(() => {
  const box = document.querySelector("[data-work]");
  if (!box || !window.crypto || !crypto.subtle) return;
  const field = box.querySelector("input[name=work]"), note = box.querySelector("[data-note]");
  const task = JSON.parse(box.dataset.work), encode = new TextEncoder();
  const hex = (bytes) => Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, "0")).join("");
  const form = field.form;
  let solved = false, waiting = null;
  note.textContent = note.dataset.busy;
  form.addEventListener("submit", (event) => {
    if (solved || (event.submitter && event.submitter.value === "cancel")) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // nothing was sent yet, so it may be sent again
    waiting = event.submitter;
    note.textContent = note.dataset.wait;
  }, true);
  (async () => {
    for (let from = 0; from <= task.maxNumber; from += 256) {
      const numbers = Array.from({length: Math.min(256, task.maxNumber + 1 - from)}, (_, i) => from + i);
      const hashes = await Promise.all(numbers.map((n) => crypto.subtle.digest(task.algorithm, encode.encode(task.salt + n))));
      const at = hashes.findIndex((hash) => hex(hash) === task.challenge);
      if (at < 0) continue;
      const {algorithm, challenge, salt, signature} = task;
      field.value = btoa(JSON.stringify({algorithm, challenge, number: from + at, salt, signature}));
      solved = true;
      note.textContent = note.dataset.done;
      // What was typed before is kept: it goes by itself, unless somebody is typing something else.
      const typed = form.querySelector("input[type=password]");
      if (waiting) form.requestSubmit(waiting);
      else if ("send" in box.dataset && typed && !typed.value) form.requestSubmit();
      return;
    }
  })();
})();
