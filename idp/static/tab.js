// Many rounds of one application in a few seconds: of many tabs, or of this one again and again? Only the tab can tell.
"use strict";
(() => {
  const about = document.querySelector("[data-tab]").dataset, now = Date.now(), key = "rounds:" + about.tab;
  let next = about.unknown; // storage is blocked: the count of the server decides
  try {
    const before = (sessionStorage.getItem(key) || "").split(" ").filter((at) => at && now - at < about.within * 1000);
    sessionStorage.setItem(key, [...before, now].join(" "));
    next = before.length < about.rounds ? about.on : about.loop;
  } catch { /* see above */ }
  location.replace(next);
})();
