// Leads to the application at once, and on without it where it does not answer or the person comes back.
(function (hop, skip) {
  function goOn() { location.replace(skip.href); }
  function leave() {
    // By the prototype, since a field may be called "submit".
    if (hop.tagName === "FORM") HTMLFormElement.prototype.submit.call(hop);
    else location.assign(hop.href);
  }
  // Back asks for the page again, which is the next application's by then; but where it comes out of a cache it is old.
  addEventListener("pageshow", function (event) { if (event.persisted) goOn(); });
  if (!hop) return goOn();
  setTimeout(goOn, Number(skip.dataset.wait) * 1000);
  // Not before the page is complete: it would lose its place in the history, and Back would not find it.
  addEventListener("load", function () { setTimeout(leave); });
})(document.getElementById("sign-out-hop"), document.getElementById("sign-out-skip"));
