// Sends the form on at once. After Back it does not: a one-time answer sent twice is an error in the application.
(function (form) {
  var entry = performance.getEntriesByType("navigation")[0];
  if (!form || (entry && entry.type === "back_forward")) return;
  // By the prototype, since a field of the application may be called "submit".
  HTMLFormElement.prototype.submit.call(form);
})(document.getElementById("auto-post"));
