// A search whose results follow the typing: `<form method="get" data-live="id of what to replace">`.
(() => {
  "use strict";
  document.querySelectorAll("form[data-live]").forEach((form) => {
    const id = form.dataset.live;
    let timer = 0, latest = 0;
    const look = async () => {
      const mine = ++latest, query = new URLSearchParams(new FormData(form));
      try {
        const answer = await fetch(`${form.action}?${query}`);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html"), found = page.getElementById(id);
        if (!answer.ok || !found || mine !== latest) return;
        document.getElementById(id).replaceWith(found);
        history.replaceState(null, "", `?${query}`);
      } catch { /* the button still works */ }
    };
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 200); });
  });
})();
