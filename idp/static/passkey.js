// Passkeys: the answer of the browser's own dialog goes into the form, and the form is sent.
(() => {
  "use strict";
  const api = window.PublicKeyCredential;
  const find = (selector) => document.querySelector(selector);
  const can = Boolean(api?.parseRequestOptionsFromJSON);
  document.querySelectorAll("[data-if-passkey]").forEach((part) => { part.hidden = !can; });
  document.querySelectorAll("[data-no-passkey]").forEach((part) => { part.hidden = can; });
  if (!can) return;

  const signals = JSON.parse(find("[data-signals]")?.dataset.signals || "{}");
  for (const name in signals) api[name]?.(signals[name]).catch(() => {});

  const button = find("[data-passkey]");
  if (!button) return;
  const { passkey: verb, options, failed, known } = button.dataset;
  const form = button.form;
  const note = find("#passkey-note");
  let asked;
  const ask = async (more) => {
    asked?.abort();
    const { signal } = asked = new AbortController();
    if (!more) note.textContent = "";
    try {
      const parse = verb === "create" ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
      const publicKey = api[parse](JSON.parse(options));
      form.elements.credential.value = JSON.stringify(await navigator.credentials[verb]({ publicKey, signal, ...more }));
      form.requestSubmit(button);
    } catch (error) {
      if (signal.aborted || more) return;
      note.textContent = error.name === "InvalidStateError" ? known : failed;
      wait();
    }
  };
  // Passkeys among the suggestions of the name field.
  const wait = async () => {
    if (find("[autocomplete~=webauthn]") && await api.isConditionalMediationAvailable?.()) ask({ mediation: "conditional" });
  };
  button.addEventListener("click", (event) => {
    event.preventDefault();
    ask();
  });
  wait();
})();
