// Keys for the reviewers' pages. The markup says what a key does, so every key is a link, button or field that is on the
// page anyway, and pages work without this:
//   data-key="n"          press it (a field: go to it); also "g q", one after the other, and "ctrl+enter"
//   data-key-name="..."   its words in the list of keys, where its own would not do
//   data-row              j and k go from row to row, to its first link; keys inside of a row count while it has focus
//   data-chooses          the link that is pressed where a key goes to its row
//   data-mark="y"         y (or x) presses it in the row that has focus
// Nothing is pressed while somebody types, and letters and digits do nothing where the body says data-keys="off".
(function () {
  "use strict";
  var WAIT = 1500, ONCE = 5000, LETTER = /^[a-z]$/i, BUTTONS = ["button", "checkbox", "file", "image", "radio", "reset", "submit"];
  var before = "", timer = 0, marked = null;

  function all(selector, inside) {
    return Array.prototype.filter.call((inside || document).querySelectorAll(selector), function (one) {
      return one.getClientRects().length && !one.disabled;
    });
  }

  function typesIn(one) {
    return one.isContentEditable || one.matches("textarea, select") ||
      (one.matches("input") && BUTTONS.indexOf(one.type) < 0);
  }

  function pressedKey(event) {
    if (event.altKey || event.metaKey || (event.shiftKey && LETTER.test(event.key))) return "";
    if (event.ctrlKey) return event.key === "Enter" ? "ctrl+enter" : "";
    return LETTER.test(event.key) ? event.key.toLowerCase() : event.key;
  }

  function rowOf(one) { return one.closest("[data-row]"); }

  // What answers to these keys: in the row that has focus, or outside of all rows; a row itself counts everywhere.
  // What leaves the page (data-key-away) answers only while no row has focus: marks that were not saved would be gone.
  function answers(keys) {
    var here = rowOf(document.activeElement);
    return all("[data-key]").filter(function (one) {
      var row = rowOf(one);
      var stays = !here || !("keyAway" in one.dataset);
      return one.dataset.key === keys && (row ? row === one || row === here : stays);
    }).sort(function (a, b) { return (rowOf(b) === here) - (rowOf(a) === here); })[0];
  }

  function begins(keys) {
    return all("[data-key]").some(function (one) { return one.dataset.key.indexOf(keys + " ") === 0; });
  }

  function focusOn(one) {
    if (!one.matches("a[href], button, input, select, textarea, summary, [tabindex]")) one.tabIndex = -1;
    one.focus();
  }

  function press(one) {
    var pressed = one.matches("[data-row]") ? one.querySelector("[data-chooses]") : one;
    focusOn(one);
    if (pressed && !typesIn(pressed)) pressed.click();
  }

  function mark(row) {
    if (marked) marked.removeAttribute("data-here");
    marked = row;
    row.setAttribute("data-here", "");
  }

  function move(step) {
    var rows = all("[data-row]"), at = rows.indexOf(rowOf(document.activeElement) || marked);
    if (!rows.length) return false;
    var row = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step))];
    focusOn(all("a[href]", row)[0] || row);
    return true;
  }

  function does(key) {
    var row = rowOf(document.activeElement), keys = before ? before + " " + key : key, one = answers(keys);
    var inRow = row && !before && all("[data-mark='" + CSS.escape(key) + "']", row)[0];
    clearTimeout(timer);
    before = "";
    if (inRow) return press(inRow), true;
    if (one) return press(one), true;
    if (begins(keys)) {
      before = keys;
      timer = setTimeout(function () { before = ""; }, WAIT);
      return true;
    }
    if (key === "j" || key === "k") return move(key === "j" ? 1 : -1);
    if (key === "Enter" && row && row === document.activeElement && all("a[href]", row)[0]) {
      return press(all("a[href]", row)[0]), true;
    }
    if (key === "?") return help(), true;
    return false;
  }

  function add(parent, name, text) {
    var one = document.createElement(name);
    if (text) one.textContent = text;
    parent.appendChild(one);
    return one;
  }

  function nameOf(one) {
    var label = one.labels && one.labels[0];
    return one.dataset.keyName || one.getAttribute("aria-label") || (label || one).textContent.trim() || one.value;
  }

  function known() {
    var found = new Map();
    all("[data-key]").forEach(function (one) {
      if (!found.has(one.dataset.key)) found.set(one.dataset.key, nameOf(one).replace(/\s+/g, " "));
    });
    if (all("[data-row]").length) found.set("j", "Next row").set("k", "Row before").set("Enter", "Open what has focus");
    all("[data-mark]").forEach(function (one) {
      if (!found.has(one.dataset.mark)) found.set(one.dataset.mark, nameOf(one) + ", in the row that has focus");
    });
    return found.set("?", "This list");
  }

  function help() {
    var from = document.activeElement, dialog = add(document.body, "dialog");
    dialog.className = "ask-dialog key-list";
    dialog.setAttribute("aria-labelledby", "keys-title");
    add(dialog, "h2", "Keys on this page").id = "keys-title";
    var list = add(dialog, "dl");
    known().forEach(function (words, keys) {
      var entry = add(list, "div"), term = add(entry, "dt");
      keys.split(" ").forEach(function (key, place) {
        if (place) term.append(" then ");
        add(term, "kbd", key === "ctrl+enter" ? "Ctrl+Enter" : key);
      });
      add(entry, "dd", words);
    });
    add(dialog, "p", "They do nothing while you type. You can switch them off on the page of your account.");
    var close = add(add(dialog, "div"), "button", "Close");
    close.type = "button";
    close.className = "button";
    close.addEventListener("click", function () { dialog.close(); });
    dialog.addEventListener("close", function () {
      dialog.remove();
      if (from && from.isConnected) from.focus();
    });
    dialog.showModal();
    close.focus();
  }

  var wrong = document.querySelector("[data-errors]");
  if (wrong) wrong.focus();

  // A second press of a button within five seconds is the same press, and the button says what goes on (data-busy).
  function settle(form) {
    var button = form.busy;
    form.pressed = 0;
    form.busy = null;
    if (button) button.replaceChildren.apply(button, button.words);
  }

  document.addEventListener("submit", function (event) {
    var form = event.target, button = event.submitter;
    if (event.defaultPrevented || form.method !== "post") return;
    if (Date.now() - (form.pressed || 0) < ONCE) return event.preventDefault();
    settle(form);
    form.pressed = Date.now();
    if (!button || !button.matches("button.button")) return;
    form.busy = button;
    button.words = Array.from(button.childNodes);
    button.replaceChildren(button.dataset.busy || "Saving…");
    setTimeout(function () { if (form.busy === button) settle(form); }, ONCE);
  });
  window.addEventListener("pageshow", function () {
    Array.prototype.forEach.call(document.forms, settle);
  });

  document.addEventListener("focusin", function (event) {
    if (rowOf(event.target)) mark(rowOf(event.target));
  });
  document.addEventListener("keydown", function (event) {
    var key = pressedKey(event);
    if (!key || event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    if (key !== "ctrl+enter" && (document.body.dataset.keys !== "on" || typesIn(event.target))) return;
    if (event.repeat && key !== "j" && key !== "k") return;
    if (does(key)) event.preventDefault();
  });
})();
