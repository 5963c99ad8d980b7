// Asks whether somebody is there before a session ends, and says when it has ended. The server alone knows how long it
// lasts (portal/accounts/sessions.py), so every window of a browser learns the same. Pages work without this.
(function () {
  "use strict";
  var warning = document.getElementById("idle"), over = document.getElementById("session-over");
  if (!warning || !warning.showModal) return;
  var lead = Number(warning.dataset.lead) * 1000; // before the end: from then on the page asks
  var every = lead / 2; // so often at most it reports that somebody types
  var active = false, dismissed = false, reported = Date.now(), timer = 0;

  function ask(method) {
    var options = { method: method, headers: { Accept: "application/json" }, credentials: "same-origin" };
    if (method === "POST") {
      var token = document.querySelector("input[name=csrfmiddlewaretoken]");
      options.body = new URLSearchParams({ csrfmiddlewaretoken: token ? token.value : "" });
      active = false;
      reported = Date.now();
    } else options.headers["X-Background"] = "1";
    fetch(warning.dataset.state, options).then(function (answer) {
      if (answer.status >= 500) throw new Error("away");
      // Refused, or led to the sign-in page: this is a page of an earlier session.
      return answer.ok && !answer.redirected ? answer.json() : { seconds: 0 };
    }).then(told).catch(function () { later(lead / 12); });
  }

  function later(time) {
    clearTimeout(timer);
    timer = setTimeout(function () { ask(active ? "POST" : "GET"); }, Math.min(time, 2000000000));
  }

  function told(state) {
    var left = state.seconds * 1000;
    if (!left) return end();
    document.querySelectorAll("[data-until]").forEach(function (place) { place.textContent = state.until; });
    if (left > lead) {
      if (warning.open) warning.close();
      return later(left - lead);
    }
    if (!warning.open && !dismissed) {
      warning.querySelectorAll("[data-final]").forEach(function (part) {
        part.hidden = (part.dataset.final === "yes") !== state.final;
      });
      warning.showModal();
    }
    later(Math.min(lead / 12, left));
  }

  function end() {
    clearTimeout(timer);
    if (warning.open) warning.close();
    if (!over.open) over.showModal();
  }

  function stay() {
    if (warning.querySelector("[data-final=yes]").hidden) return ask("POST");
    dismissed = true; // nothing moves the last moment: let its person save
    warning.close();
  }

  function note() {
    if (warning.open || over.open) return;
    active = true;
    if (Date.now() - reported > every) ask("POST");
  }

  function changed(form) {
    if (over.dataset.method === "POST") return true; // shown again as it was sent: nothing of it need be saved
    return Array.prototype.some.call(form.elements, function (control) {
      if (control.options) return Array.prototype.some.call(control.options, function (option) {
        return option.selected !== option.defaultSelected && option.value;
      });
      if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
      return "defaultValue" in control && control.type !== "hidden" && control.value !== control.defaultValue;
    });
  }

  // A form that comes late is kept for its person and does nothing (portal/accounts/late.py): so it may be sent.
  function goOn() {
    var form = Array.prototype.filter.call(document.querySelectorAll("main form[method=post]"), changed)[0];
    if (!form) return location.assign(over.dataset.signIn + "?next=" + encodeURIComponent(location.pathname));
    var mark = document.createElement("input");
    mark.type = "hidden";
    mark.name = "put_back";
    mark.value = "1";
    form.appendChild(mark);
    HTMLFormElement.prototype.submit.call(form);
  }

  warning.addEventListener("cancel", function (event) { event.preventDefault(); stay(); });
  over.addEventListener("cancel", function (event) { event.preventDefault(); });
  warning.querySelector("button").addEventListener("click", stay);
  over.querySelector("button").addEventListener("click", goOn);
  ["keydown", "pointerdown", "input"].forEach(function (kind) { document.addEventListener(kind, note, true); });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) ask("GET"); });
  window.addEventListener("pageshow", function (event) { if (event.persisted) ask("GET"); });
  later(Number(warning.dataset.seconds) * 1000 - lead);
})();
