// Opens the page that a fact cites beside the criteria without leaving the case page, so that marks that are typed and
// not saved yet stay. Without this the same link loads the page anew.
(function () {
  "use strict";
  var PARTS = ["#evidence", "#evidence-files"], last = 0;

  function cites(link) {
    var to = new URL(link.href);
    return to.origin === location.origin && to.pathname === location.pathname && to.searchParams.has("file");
  }

  function take(page, address) {
    PARTS.forEach(function (name) {
      var now = document.querySelector(name), then = page.querySelector(name);
      if (now && then) now.replaceWith(then);
    });
    document.querySelector(".bench").classList.add("reading");
    history.replaceState(null, "", address);
    var place = document.querySelector("#evidence");
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
    place.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[href]");
    var plain = !event.defaultPrevented && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!link || !plain || !document.getElementById("marks") || !cites(link)) return;
    event.preventDefault();
    var turn = ++last;
    fetch(link.href, { credentials: "same-origin" }).then(function (answer) {
      if (!answer.ok || answer.redirected) throw new Error("away");
      return answer.text();
    }).then(function (text) {
      if (turn === last) take(new DOMParser().parseFromString(text, "text/html"), link.href);
    }).catch(function () { location.assign(link.href); });
  });
})();
