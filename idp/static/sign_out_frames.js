// Goes on when every frame has answered, whatever it answered; at the latest when the time is over.
(function (frames, skip) {
  var left = frames.length, gone = false;
  function goOn() {
    if (gone) return;
    gone = true;
    location.replace(skip.href);
  }
  function answered() { if (--left === 0) setTimeout(goOn, 100); }
  addEventListener("pageshow", function (event) { if (event.persisted) goOn(); });
  setTimeout(goOn, Number(skip.dataset.wait) * 1000);
  frames.forEach(function (frame) {
    frame.addEventListener("load", answered);
    frame.src = frame.dataset.src;
  });
})(Array.from(document.querySelectorAll("iframe[data-src]")), document.getElementById("sign-out-skip"));
