// Small helps on pages that work without them (decisions 25 and 56). Nothing here decides; the server does.
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
  window.addEventListener("pageshow", again);

  function again() { // every button can be pressed anew
    Array.prototype.forEach.call(document.forms, function (form) { form.pressed = 0; });
    heard.splice(0).forEach(function (one) { one.button.replaceChildren.apply(one.button, one.words); });
  }

  function hear(button) {
    var words = button && button.matches("button.button") ? button.textContent.trim() : "";
    var now = /^Send/.test(words) ? "Sending..." : /^(Save|Keep|Check and)/.test(words) ? "Saving..." : "";
    if (!now) return;
    heard.push({ button: button, words: Array.from(button.childNodes) });
    button.setAttribute("aria-live", "polite");
    button.replaceChildren(now);
  }

  // Words on a page that acts at once are kept as they are typed. They go out only once the server answers: on the error
  // page of a browser they would be lost.
  document.querySelectorAll("form[data-words]").forEach(function (form) {
    var timer = 0, busy = Promise.resolve();
    function keep() {
      var name = form.dataset.words, token = form.querySelector("[name=csrfmiddlewaretoken]").value;
      var words = form.elements[name] ? form.elements[name].value : "";
      clearTimeout(timer);
      timer = 0;
      busy = busy.then(function () {
        var body = new URLSearchParams([["csrfmiddlewaretoken", token], [name, words]]);
        return fetch(form.action, { method: "POST", body: body, headers: { "X-Background": "1" }, keepalive: true });
      }).then(function (answer) { return answer.status < 500; }).catch(function () { return false; });
      return busy;
    }
    form.addEventListener("input", function () {
      clearTimeout(timer);
      timer = setTimeout(keep, 2000);
    });
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      if (Date.now() - (form.pressed || 0) < 5000) return;
      form.pressed = Date.now();
      hear(event.submitter);
      keep().then(function (answered) {
        var away = form.querySelector("[data-away]") || document.createElement("p");
        if (answered) return HTMLFormElement.prototype.submit.call(form);
        again();
        away.dataset.away = "";
        away.className = "note bad";
        away.setAttribute("role", "alert");
        away.textContent = "The portal does not answer, so nothing was sent. What you typed stays on this page: try again.";
        form.append(away);
      });
    });
    window.addEventListener("pagehide", function () { if (timer) keep(); });
  });

  window.portal = { FIELD: FIELD, go: go }; // for request.js
})();
