// A text of the page is copied, or the page printed.
(() => {
  "use strict";
  document.querySelectorAll("[data-copy]").forEach((button) => {
    const label = button.textContent;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      let copied = true;
      try {
        await navigator.clipboard.writeText(source.textContent.trim());
      } catch {
        const range = document.createRange();
        range.selectNodeContents(source);
        const details = source.closest("details");
        if (details) details.open = true;
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        copied = document.execCommand("copy");
      }
      button.textContent = copied ? button.dataset.done : button.dataset.failed;
      setTimeout(() => { button.textContent = label; }, 3000);
    });
  });

  document.querySelectorAll("[data-print]").forEach((button) => button.addEventListener("click", () => print()));
})();
