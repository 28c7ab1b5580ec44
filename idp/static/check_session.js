// Session Management 1.0 §3.2: tells whoever asks "client_id session_state" whether that is still this browser's state.
addEventListener("message", function (event) {
  // To the origin that asked and no other (RFC 9700 §4.17); one that has none can have no session_state either.
  function tell(word) {
    if (event.source && event.origin && event.origin !== "null") event.source.postMessage(word, event.origin);
  }
  var said = typeof event.data === "string" ? event.data : "", space = said.lastIndexOf(" ");
  var client = said.slice(0, space), state = said.slice(space + 1), salt = state.split(".")[1];
  // A browser that keeps the cookie away from frames knows nothing: "changed" would sign people out for no reason.
  var known = /(?:^|; )(?:__Host-)?doorward_state=([^;]+)/.exec(document.cookie);
  if (space < 1 || said.length > 4096 || !salt || !known || !crypto.subtle) return tell("error");
  var text = [client, event.origin, known[1], salt].join(" ");
  crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)).then(function (hash) {
    var made = btoa(String.fromCharCode.apply(null, new Uint8Array(hash)));
    made = made.replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
    tell(made + "." + salt === state ? "unchanged" : "changed");
  });
});
