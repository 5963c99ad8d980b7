// Small helps on pages that work without them.
(function () {
  "use strict";
  var summary = document.querySelector("[data-errors]");
  if (summary) summary.focus();

  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });

  document.addEventListener("keydown", function (event) {
    var save = document.querySelector("button[data-save]");
    if (save && (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
      event.preventDefault();
      save.click();
    }
  });

  // A file that is too large is refused when it is chosen: sent, it could cost what was typed.
  document.addEventListener("change", function (event) {
    var input = event.target, most = Number(input.getAttribute("data-most-bytes"));
    if (!most || !input.files.length) return;
    var together = 0, size = input.files[0].size;
    document.querySelectorAll("input[type=file]").forEach(function (other) {
      if (other.files.length) together += other.files[0].size;
    });
    var note = document.getElementById(input.id + "_size");
    if (!note) {
      note = document.createElement("span");
      note.id = input.id + "_size";
      note.className = "wrong";
      note.setAttribute("role", "alert");
      input.parentNode.insertBefore(note, input);
    }
    note.textContent = size > most ? "The file must be 25 MB or smaller. It was not added."
      : together > Number(input.getAttribute("data-most-bytes-together"))
        ? "The files of one request can be 40 MB together. This one was not added." : "";
    if (note.textContent) input.value = "";
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
