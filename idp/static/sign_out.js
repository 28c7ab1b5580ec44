// Leads to the application at once, and on without it where it does not answer or the person comes back.
(function (hop, skip) {
  var entry = performance.getEntriesByType("navigation")[0];
  function goOn() { location.replace(skip.href); }
  if (!hop || (entry && entry.type === "back_forward")) return goOn();
  setTimeout(goOn, Number(skip.dataset.wait) * 1000);
  // By the prototype, since a field may be called "submit".
  if (hop.tagName === "FORM") HTMLFormElement.prototype.submit.call(hop);
  else location.assign(hop.href);
})(document.getElementById("sign-out-hop"), document.getElementById("sign-out-skip"));
