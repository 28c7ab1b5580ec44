// Loaded before the first paint, so that a stored theme never flashes; marks the page as one where JavaScript runs.
(function (root) {
  root.classList.add("js");
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch { /* storage is blocked: the system's theme it is */ }
})(document.documentElement);
