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
      // SecurityError: the host does not fit the RP ID (WebAuthn §5.1.4). A window inside an app often refuses at once.
      const inside = /; wv\)|\bFB(AN|AV)\b|Instagram|Line\/|MicroMessenger/.test(navigator.userAgent);
      const why = { InvalidStateError: known, SecurityError: elsewhereNote };
      note.textContent = why[error.name] || (inside ? embedded : failed);
      if (verb === "get") wait(); // whoever has just said no gets none by itself
    }
  };
  const byItself = async () => Boolean((await api.getClientCapabilities?.())?.conditionalCreate);
  // The sign-in page says whether a passkey could be made here, so that none is offered in vain.
  const tell = async (field) => {
    if (await api.isUserVerifyingPlatformAuthenticatorAvailable()) field.value = await byItself() ? "unasked" : "yes";
  };
  if (form.elements.makes_passkeys) tell(form.elements.makes_passkeys);
  // Passkeys among the suggestions of the name field; or one that the browser makes without a question.
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
