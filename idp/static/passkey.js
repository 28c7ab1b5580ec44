// The answer of the browser's own dialog goes into the form.
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
  const { passkey: verb, options, unasked, failed, known, elsewhereNote, embedded } = button.dataset;
  const form = button.form;
  const note = find("#passkey-note");
  let asked;
  const ask = async (more, given = options) => {
    asked?.abort();
    const { signal } = asked = new AbortController();
    if (!more) note.textContent = "";
    try {
      const parse = verb === "create" ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
      const publicKey = api[parse](JSON.parse(given));
      form.elements.credential.value = JSON.stringify(await navigator.credentials[verb]({ publicKey, signal, ...more }));
      if (form.elements.unasked) form.elements.unasked.value = given === unasked ? "1" : "";
      form.requestSubmit(button);
    } catch (error) {
      if (signal.aborted || more) return;
      // WebAuthn §5.1.4: the host is not the RP ID's. Apps' own windows refuse at once.
      const inside = /; wv\)|\bFB(AN|AV)\b|Instagram|Line\/|MicroMessenger/.test(navigator.userAgent);
      const why = { InvalidStateError: known, SecurityError: elsewhereNote };
      note.textContent = why[error.name] || (inside ? embedded : failed);
      if (verb === "get") wait(); // no was said
    }
  };
  const byItself = async () => Boolean((await api.getClientCapabilities?.())?.conditionalCreate);
  // Whether a passkey could be made here.
  const tell = async (field) => {
    if (await api.isUserVerifyingPlatformAuthenticatorAvailable()) field.value = await byItself() ? "unasked" : "yes";
  };
  if (form.elements.makes_passkeys) tell(form.elements.makes_passkeys);
  // Passkeys among the name field's suggestions; or made without a question.
  const wait = async () => {
    if (unasked && await byItself()) ask({ mediation: "conditional" }, unasked);
    if (find("[autocomplete~=webauthn]") && await api.isConditionalMediationAvailable?.()) ask({ mediation: "conditional" });
  };
  button.addEventListener("click", (event) => {
    event.preventDefault();
    ask();
  });
  wait();
})();
