// Chooses a criterion, or opens the page that a fact cites, beside the criteria without leaving the case page, so that
// marks that are typed and not saved yet stay. Without this the same links load the page anew.
(function () {
  "use strict";
  var PARTS = ["#evidence", "#evidence-files"], CHOSEN = "[data-chooses][aria-current]", last = 0, here = location.search;

  function opens(link) {
    var to = new URL(link.href);
    var asks = to.searchParams.has("file") || to.searchParams.has("row");
    return to.origin === location.origin && to.pathname === location.pathname && asks;
  }

  function choose(page) {
    var before = document.querySelector(CHOSEN), now = page.querySelector(CHOSEN);
    if (before) before.removeAttribute("aria-current");
    now = now && document.querySelector("[data-chooses][href='" + CSS.escape(now.getAttribute("href")) + "']");
    if (now) now.setAttribute("aria-current", "true");
  }

  function take(page) {
    PARTS.forEach(function (name) {
      var now = document.querySelector(name), then = page.querySelector(name);
      if (now && then) now.replaceWith(then);
    });
    choose(page);
    document.querySelector(".bench").className = page.querySelector(".bench").className;
  }

  function show(address, then) {
    var turn = ++last;
    fetch(address, { credentials: "same-origin" }).then(function (answer) {
      if (!answer.ok || answer.redirected) throw new Error("away");
      return answer.text();
    }).then(function (text) {
      if (turn !== last) return;
      take(new DOMParser().parseFromString(text, "text/html"));
      then();
      here = location.search;
    }).catch(function () { location.assign(address); });
  }

  function goTo(place) {
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
    place.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[href]");
    var plain = !event.defaultPrevented && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!link || !plain || !document.getElementById("marks") || !opens(link)) return;
    event.preventDefault();
    show(link.href, function () {
      var chooses = "chooses" in link.dataset; // a step that Back undoes; who marks stays in the row
      history[chooses ? "pushState" : "replaceState"](null, "", link.href);
      if (!chooses) goTo(document.querySelector("#evidence"));
    });
  });
  window.addEventListener("popstate", function () {
    if (document.getElementById("marks") && location.search !== here) show(location.href, function () {});
  });
})();
