// Fields of a sign-in form. Texts come from data attributes.
(() => {
  "use strict";
  const all = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const byId = (id) => document.getElementById(id);

  // Show password; hidden again before it is sent, so that no browser keeps it.
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
})();
