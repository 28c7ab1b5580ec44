// Session Management 1.0 §3.2: tells whoever asks "client_id session_state" whether that is still this browser's state.
var asked = {};
// What we say tells whether this browser has been here: only to an origin that the application comes back to.
function isTheirs(client, origin) {
  var query = "?client_id=" + encodeURIComponent(client) + "&origin=" + encodeURIComponent(origin);
  if (!asked[query]) {
    asked[query] = fetch(location.pathname + query, { credentials: "omit" }).then(function (answer) {
      return answer.status === 204;
    }).catch(function () {
      delete asked[query];
      return false;
    });
  }
  return asked[query];
}
addEventListener("message", function (event) {
  // To the origin that asked and no other (RFC 9700 §4.17); one that has none can have no session_state either.
  function tell(word) {
    if (event.source && event.origin && event.origin !== "null") event.source.postMessage(word, event.origin);
  }
  var said = typeof event.data === "string" ? event.data : "", space = said.lastIndexOf(" ");
  var client = said.slice(0, space), state = said.slice(space + 1), salt = state.split(".")[1];
  if (space < 1 || said.length > 4096 || !salt || !crypto.subtle) return tell("error");
  isTheirs(client, event.origin).then(function (theirs) {
    // A browser that keeps the cookie away from frames knows nothing: "changed" would sign people out for no reason.
    var known = theirs && /(?:^|; )(?:__Host-)?doorward_state=([^;]+)/.exec(document.cookie);
    var text = known && [client, event.origin, known[1], salt].join(" ");
    return text && crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  }).then(function (hash) {
    if (!hash) return tell("error");
    var made = btoa(String.fromCharCode.apply(null, new Uint8Array(hash)));
    made = made.replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
    tell(made + "." + salt === state ? "unchanged" : "changed");
  });
});
