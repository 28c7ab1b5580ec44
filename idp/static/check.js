// Finds the number whose hash is asked for.
"use strict";
(() => {
  const box = document.querySelector("[data-work]");
  if (!box || !window.crypto || !crypto.subtle) return;
  const field = box.querySelector("input[name=work]"), note = box.querySelector("[data-note]");
  const task = JSON.parse(box.dataset.work), {algorithm, challenge, salt, signature} = task, {form} = field;
  let solved = false, waiting = null;
  note.textContent = note.dataset.busy;
  form.addEventListener("submit", (event) => {
    if (solved || event.submitter?.value === "cancel") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting = event.submitter;
    note.textContent = note.dataset.wait;
  }, true);

  // The first word of SHA-256 (FIPS 180-4 §6.2) of up to 119 ASCII characters.
  const primes = [], w = new Int32Array(64), state = new Int32Array(8), input = new DataView(new ArrayBuffer(128));
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
  const parts = (root) => Int32Array.from(primes, (p) => root(p) % 1 * 2 ** 32);
  const start = parts(Math.sqrt).subarray(0, 8), k = parts(Math.cbrt);
  const turn = (x, n) => x >>> n | x << 32 - n;
  const sha256 = (text) => {
    const {length} = text, end = length > 55 ? 128 : 64;
    for (let i = 0; i < 128; i++) input.setInt8(i, i < length ? text.charCodeAt(i) : i === length ? 128 : 0);
    input.setInt32(end - 4, length * 8);
    state.set(start);
    for (let from = 0; from < end; from += 64) {
      let [a, b, c, d, e, f, g, h] = state;
      for (let i = 0; i < 64; i++) {
        const x = w[i - 15 & 63], y = w[i - 2 & 63];
        w[i] = i < 16 ? input.getInt32(from + i * 4)
          : w[i - 16] + w[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ x >>> 3) + (turn(y, 17) ^ turn(y, 19) ^ y >>> 10);
        const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (e & f ^ ~e & g) + k[i] + w[i] | 0;
        const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c) | 0;
        h = g; g = f; f = e; e = d + one | 0; d = c; c = b; b = a; a = one + two | 0;
      }
      [a, b, c, d, e, f, g, h].forEach((add, i) => { state[i] += add; });
    }
    return state[0];
  };

  const word = (i) => parseInt(challenge.substr(i * 8, 8), 16) | 0, first = word(0);
  (async () => {
    for (let number = 0; number <= task.maxNumber; number++) {
      if (number % 1000 === 999) await new Promise((next) => setTimeout(next));
      if (sha256(salt + number) !== first) continue;
      const own = await crypto.subtle.digest(algorithm, new TextEncoder().encode(salt + number));
      if (new DataView(own).getInt32(28) !== word(7)) continue;
      field.value = btoa(JSON.stringify({algorithm, challenge, number, salt, signature}));
      solved = true;
      note.textContent = note.dataset.done;
      // It goes by itself, unless somebody is typing.
      const typed = form.querySelector("input[type=password]");
      if (waiting) form.requestSubmit(waiting);
      else if ("send" in box.dataset && typed && !typed.value) form.requestSubmit();
      return;
    }
  })();
})();
