// Small helps on pages that work without them.
(function () {
  "use strict";
  var summary = document.querySelector("[data-errors]");
  if (summary) summary.focus();

  document.addEventListener("keydown", function (event) {
    var save = document.querySelector("button[data-save]");
    if (save && (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
      event.preventDefault();
      save.click();
    }
  });

  // A second press of a button within five seconds is the same press.
  document.addEventListener("submit", function (event) {
    var form = event.target, now = Date.now();
    if (now - (form.pressed || 0) < 5000) event.preventDefault();
    else form.pressed = now;
  });
  window.addEventListener("pageshow", function () {
    Array.prototype.forEach.call(document.forms, function (form) { form.pressed = 0; });
  });
})();
