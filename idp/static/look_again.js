// A part of a page that changes while one watches: `<div id="…" data-look-again="seconds">`. Gone when it is over.
(() => {
  "use strict";
  const look = async (id) => {
    const part = document.getElementById(id);
    if (!part || !part.dataset.lookAgain) return;
    const seconds = Number(part.dataset.lookAgain);
    try {
      const answer = document.hidden ? null : await fetch(location.pathname, { redirect: "error" });
      const page = answer && answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = page && page.getElementById(id);
      // What is the same stays: whoever reads it, or has opened a part of it, is not disturbed.
      if (found && found.textContent !== part.textContent) {
        const open = [...part.querySelectorAll("details")].map((one) => one.open);
        [...found.querySelectorAll("details")].forEach((one, place) => { one.open = open[place] || false; });
        part.replaceWith(found);
      }
    } catch { /* the link still works */ }
    setTimeout(() => look(id), seconds * 1000);
  };
  document.querySelectorAll("[data-look-again]").forEach((part) => look(part.id));
})();
