// A search whose results follow the typing: `<form method="get" data-live="id of what to replace">`; with `post`, what is
// typed is sent without the button that saves it.
// A part that is looked at again, until it says so no more: `<section id="…" data-again="seconds">`.
(() => {
  "use strict";
  document.querySelectorAll("form[data-live]").forEach((form) => {
    const id = form.dataset.live;
    let timer = 0, latest = 0;
    const look = async () => {
      const mine = ++latest, query = new URLSearchParams(new FormData(form));
      try {
        const isPost = form.method === "post";
        const answer = await (isPost ? fetch(form.action, { method: "POST", body: query }) : fetch(`${form.action}?${query}`));
        const page = new DOMParser().parseFromString(await answer.text(), "text/html"), found = page.getElementById(id);
        if (!answer.ok || !found || mine !== latest) return;
        document.getElementById(id).replaceWith(found);
        if (!isPost) history.replaceState(null, "", `?${query}`);
      } catch { /* the button still works */ }
    };
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 200); });
  });
  const again = (part) => part.dataset.again && setTimeout(async () => {
    let found = null;
    try {
      const answer = await fetch(location.href);
      if (answer.ok) found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
    } catch { /* in a while */ }
    const opened = part.contains(document.activeElement);
    if (found && !opened) part.replaceWith(found);
    again(found && !opened ? found : part);
  }, part.dataset.again * 1000);
  document.querySelectorAll("[data-again]").forEach(again);
})();
