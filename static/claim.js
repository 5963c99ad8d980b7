// Renews the claim of the case that is open here while somebody works on the page, and says in time when it ends.
// What is typed stays in any case; the server decides who holds a case. Pages work without this: there is a button.
(function () {
  "use strict";
  var place = document.querySelector("[data-claim]"), EVERY = 300000, WARN = 300000, AGAIN = 30000;
  if (!place) return;
  var words = place.querySelector("[data-claim-words]"), button = place.querySelector("button");
  var ends = Date.now() + Number(place.dataset.seconds) * 1000, renewed = Date.now();
  var until = place.dataset.ends, active = false, busy = false, over = false, timer = 0;

  function tell(text) {
    place.hidden = !text;
    if (words.textContent !== text) words.textContent = text;
  }

  function end(why) {
    over = true;
    clearTimeout(timer);
    button.hidden = true;
    tell(why + " What you typed stays on this page, and nothing of it is sent.");
  }

  function look() {
    clearTimeout(timer);
    if (over) return;
    var now = Date.now(), left = ends - now;
    if (active && !busy && now - renewed >= EVERY) return renew();
    if (left <= 0) return end("Your claim has ended. Claim the case again before you go on.");
    tell(left <= WARN ? "Your claim ends at " + until + ". Renew it, or go on working here." : "");
    timer = setTimeout(look, left > WARN ? Math.min(left - WARN, EVERY) : left);
  }

  function renew() {
    busy = true;
    active = false;
    fetch(place.dataset.claim, {
      method: "POST",
      body: new URLSearchParams({ csrfmiddlewaretoken: place.querySelector("[name=csrfmiddlewaretoken]").value }),
      headers: { Accept: "application/json", "X-Background": "1" } // the session has a clock of its own
    }).then(function (answer) {
      if (answer.redirected || answer.status >= 500) throw new Error("away");
      return answer.json().then(function (said) {
        if (answer.status === 409) return end(said.why);
        if (!answer.ok) throw new Error("refused");
        ends = Date.now() + said.seconds * 1000;
        until = said.until;
        renewed = Date.now();
      });
    }).catch(function () {
      renewed = Date.now() - EVERY + AGAIN;
    }).then(function () {
      busy = false;
      look();
    });
  }

  function note() {
    active = true;
    if (Date.now() - renewed >= EVERY && !busy) look();
  }

  ["keydown", "pointerdown", "input", "scroll"].forEach(function (kind) {
    document.addEventListener(kind, note, { capture: true, passive: true });
  });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) look(); });
  place.querySelector("form").addEventListener("submit", function (event) {
    event.preventDefault();
    if (!busy) renew();
  });
  look();
})();
