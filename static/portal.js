// Small helps on pages that work without them (decisions 25 and 57). Nothing here decides; the server does.
(function () {
  "use strict";
  var FIELD = "input:not([type=hidden]):not([tabindex='-1']), select, textarea";
  var byId = function (id) { return document.getElementById(id); };
  var summary = document.querySelector("[data-errors]");
  if (summary) summary.focus();

  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });

  // Go to a question: open what it is folded in, show it, put the cursor there.
  function go(id) {
    var place = byId(id);
    if (!place) return false;
    for (var up = place; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
    var ask = place.closest(".ask");
    if (ask) ask.classList.add("kept");
    var field = place.matches(FIELD) ? place : place.querySelector(FIELD);
    if (!field) return false;
    (place.matches(FIELD) ? ask || place : place).scrollIntoView({ block: "start" });
    field.focus({ preventScroll: true });
    return true;
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest("main a[href*='#']");
    if (link && link.pathname === location.pathname && go(link.hash.slice(1))) event.preventDefault();
  });
  if (location.hash && !summary) go(location.hash.slice(1));

  document.addEventListener("keydown", function (event) {
    var check = document.querySelector("button[data-check]"), statement = byId("statement");
    if (!check || event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    event.preventDefault();
    if (statement && !statement.checked) statement.focus(); else check.click();
  });

  // A second press of a button within five seconds is the same press; the first one says that it was heard.
  var heard = [];
  document.addEventListener("submit", function (event) {
    if (event.defaultPrevented) return;
    var form = event.target, now = Date.now();
    if (now - (form.pressed || 0) < 5000) return event.preventDefault();
    form.pressed = now;
    hear(event.submitter);
  });
  window.addEventListener("pageshow", function () {
    Array.prototype.forEach.call(document.forms, function (form) { form.pressed = 0; });
    heard.splice(0).forEach(function (one) { one.button.replaceChildren.apply(one.button, one.words); });
  });

  function hear(button) {
    var words = button && button.matches("button.button") ? button.textContent.trim() : "";
    var now = /^Send/.test(words) ? "Sending..." : /^(Save|Keep|Check and)/.test(words) ? "Saving..." : "";
    if (!now) return;
    heard.push({ button: button, words: Array.from(button.childNodes) });
    button.setAttribute("aria-live", "polite");
    button.replaceChildren(now);
  }

  window.portal = { FIELD: FIELD, go: go }; // for request.js
})();
