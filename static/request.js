// The form of a request, which works without this (decisions 25 and 56): it saves itself, adds and removes rows in place,
// keeps the list of what is missing fresh and shows how far a file has come. Nothing here decides; the server does.
// One post at a time: each carries the version that the one before it gave.
(function () {
  "use strict";
  var SOON = 400, TYPING = 2000, SEEN = 3000, LATER = 10000; // who types on without a pause is saved after LATER too
  var LEVELS = "[name=levels_named], [name=level_ticked], [name^=levels-][name$=-name]";
  var FIELD = window.portal.FIELD, form = document.querySelector("form[data-request]");
  var timer = 0, since = 0, last = ""; // the next save, what it waits for, and when the last one was
  var busy = null, stopped = false, away = false, leaving = false; // the post under way, and what ends saving
  var renamed = false, pressed = false; // levels that are not set yet, and the mouse
  var sending = 0, queued = [], waiting = null; // files, and the button that was pressed while one was on its way

  function byId(id) { return document.getElementById(id); }

  // Saving

  function saved() { return byId("saved"); }

  function tell(words, wrong) {
    var shown = saved().querySelector("span");
    shown.textContent = words;
    shown.className = "small " + (wrong ? "wrong" : "quiet");
  }

  // All but the files, in the encoding that a server reads fastest.
  function typed() {
    var data = new FormData(form);
    form.querySelectorAll("input[type=file]").forEach(function (input) { data.delete(input.name); });
    if (!saved().dataset.liveUrl) data.append("action", "save"); // the first one starts the draft
    return new URLSearchParams(data);
  }

  function parse(text) { return new DOMParser().parseFromString(text, "text/html"); }

  // Put the live parts of an answer in the place of those on the page; what has the cursor or is being typed stays.
  // `sent` is the input whose file an answer is about.
  function renew(answer, sent) {
    answer.querySelectorAll("[data-live]").forEach(function (fresh) {
      var old = byId(fresh.id), at = document.activeElement;
      if (!old || old.querySelector("progress") || old.querySelector("[name=diagnosis]:focus")) return;
      if (!sent && old.querySelector(FIELD) && fresh.querySelector(FIELD)) return;
      if (Array.from(old.querySelectorAll("input[type=file]")).some(function (one) {
        return one !== sent && one.files.length;
      })) return;
      var held = old.contains(at) && (at.id ? "#" + at.id : at.hash ? "a[href='" + at.hash + "']" : "[data-update]");
      fresh.querySelectorAll("details[id]").forEach(function (one) {
        if (byId(one.id)) one.open = byId(one.id).open;
      });
      var scrolled = old.scrollTop;
      old.replaceWith(fresh);
      fresh.scrollTop = scrolled;
      if (held) (document.querySelector("#" + fresh.id + " " + held) || fresh).focus();
    });
    var now = saved().dataset;
    if (now.action && form.getAttribute("action") !== now.action) {
      form.setAttribute("action", now.action);
      history.replaceState(null, "", now.action);
    }
  }

  // What is told when it changes: how many items are missing, and what was found for a word.
  function known() {
    var found = document.querySelector("#diagnoses-found [data-told]");
    return { count: byId("panel") && byId("panel").dataset.count, found: found ? found.textContent : "" };
  }

  function announce(before, asked, first) {
    var now = known(), words = first ? [first] : [];
    if (asked) words.push(saved().textContent);
    if (now.found && before.found !== now.found) words.push(now.found);
    if (now.count && before.count !== now.count) {
      words.push(now.count + (now.count === "1" ? " item" : " items") + " missing" + (before.count ? ", was " + before.count : ""));
    }
    if (words.length) byId("told").textContent = words.join(". ");
  }

  function failed() {
    away = true;
    tell((last ? "Your last change at " + last + " is saved; the change after it is not." : "This is not saved yet.") +
      " It stays on this page, and we try again.", true);
    timer = setTimeout(save, LATER);
  }

  function refused() { // Save leads to the page that says why
    stopped = true;
    tell("This is not saved. It stays on this page: press Save.", true);
  }

  function save(asked) {
    clearTimeout(timer);
    timer = since = 0;
    if (leaving || (stopped && !asked)) return;
    var levels = renamed && !sending && !stopped && form.querySelector("[name=set_levels]");
    if (levels && busy) return busy.then(function () { save(asked); });
    if (levels) return press(levels);
    if (stopped) return document.querySelector("button[data-save]").click();
    if (busy) return busy.then(function () { save(asked); });
    var data = typed(), before = known(), url = saved().dataset.liveUrl;
    tell("Saving...");
    var posted = fetch(url || form.getAttribute("action"), {
      method: "POST",
      body: data,
      headers: { "X-Background": "1" } // what a page does by itself keeps nobody signed in
    }).then(function (response) {
      if (response.redirected && response.url.indexOf("/edit/") < 0) {
        stopped = true;
        return tell("You are signed out, so this is not saved. It stays on this page: press Save to sign in.", true);
      }
      if (response.status >= 500) return failed();
      away = false;
      if (!response.ok && response.status !== 409) return refused();
      stopped = response.status === 409;
      return response.text().then(function (text) {
        renew(parse(text));
        if (stopped) return;
        if (!url && byId("id_find_code").value) soon(SOON);
        last = saved().textContent.replace("Saved at ", "").trim();
        announce(before, asked === true);
      });
    }).catch(failed);
    return alone(posted);
  }

  function alone(posted) {
    busy = posted;
    busy.then(function () { if (busy === posted) busy = null; });
    return busy;
  }

  function unsaved() { return timer && !stopped; }

  function first(go) { Promise.resolve(save()).then(function () { return busy; }).then(go); }

  // Press a button again once what was under way is done; its row may be a new one by then.
  function press(button) {
    if (!button.isConnected) {
      button = form.querySelector("button[name='" + button.name + "'][value='" + button.value + "']");
    }
    if (button) form.requestSubmit(button);
  }

  function soon(wait) {
    if (renamed && timer) return; // whoever goes on typing elsewhere does not put off the levels
    clearTimeout(timer);
    since = since || Date.now();
    timer = setTimeout(save, Math.max(0, Math.min(wait, since + LATER - Date.now())));
  }

  // Rows and levels, in place

  function kind(one) { return one.type === "checkbox" || one.type === "radio" ? "checked" : "value"; }

  // The same control in the form that took the place of this one.
  function twin(one) {
    if (one.tagName === "SUMMARY" && one.parentNode.id) return byId(one.parentNode.id).querySelector("summary");
    return Array.from(form.elements).find(function (other) {
      return one.name && other.name === one.name && other.type === one.type &&
        (other.value === one.value || kind(one) === "value" && one.type !== "submit");
    }) || byId(one.id);
  }

  // For a form that comes back while somebody goes on: what they did meanwhile goes into it, and the cursor stays.
  function meanwhile() {
    var were = new Map(Array.from(form.elements, function (one) { return [one, one[kind(one)]]; }));
    return function (replace) {
      var at = document.activeElement, top = at.getBoundingClientRect().top;
      var open = Array.from(form.querySelectorAll("details[id][open]"), function (one) { return one.id; });
      var changed = Array.from(were.keys()).filter(function (one) {
        return one.name && !/file|hidden|submit/.test(one.type) && one[kind(one)] !== were.get(one);
      });
      replace();
      open.forEach(function (id) { if (byId(id)) byId(id).open = true; });
      changed.forEach(function (one) {
        var now = twin(one);
        if (now) now[kind(now)] = one[kind(one)];
        renamed = renamed || one.matches(LEVELS) && one !== at || one.name === "level_ticked";
      });
      if (changed.length) soon(SOON);
      var now = !at.isConnected && twin(at);
      if (!now) return;
      now.focus({ preventScroll: true });
      window.scrollBy(0, now.getBoundingClientRect().top - top);
      if (now.type !== "text") return;
      if (now.value !== at.value) now.select(); else now.setSelectionRange(at.selectionStart, at.selectionEnd);
    };
  }

  // A press of the mouse that began on this form must end on it.
  function released() {
    return new Promise(function (go) {
      if (!pressed) return go();
      document.addEventListener("pointerup", function () { setTimeout(go); }, { once: true });
      setTimeout(go, 1000);
    });
  }

  // Add, remove and copy rows, and name levels, without leaving the place.
  function inPlace(button) {
    clearTimeout(timer);
    timer = since = 0;
    renamed = false;
    var data = new FormData(form), before = known(), row = button.value.split("-");
    var keep = button.name === "set_levels" && meanwhile();
    data.append(button.name, button.value);
    var target = button.dataset.to || (button.name === "add" ? new URL(button.formAction).hash.slice(1)
      : button.name === "remove" ? row[0] + "-" + Math.max(Number(row[1]) - 1, 0) : "");
    return alone(fetch(form.getAttribute("action"), { method: "POST", body: data }).then(function (response) {
      return Promise.all([response.text(), keep && released()]).then(function (all) {
        var fresh = parse(all[0]).querySelector("form[data-request]");
        if (response.status >= 500) throw response;
        away = false;
        if (!fresh && keep) return refused();
        if (!fresh) { // another page, such as that of a conflict: go there as without this script
          button.removeAttribute("data-in-place");
          setTimeout(function () { form.requestSubmit(button); });
          return;
        }
        function replace() {
          form.replaceChildren.apply(form, Array.from(fresh.childNodes));
          form.setAttribute("action", fresh.getAttribute("action"));
          history.replaceState(null, "", fresh.getAttribute("action"));
          document.title = fresh.ownerDocument.title;
        }
        if (keep) {
          keep(replace);
          if (response.status === 409) soon(SOON);
          var no = byId("id_levels_named_wrong");
          return announce(before, false, no ? no.textContent : "Levels: " + (byId("id_levels_named").value || "none"));
        }
        replace();
        var wrong = form.querySelector("[data-errors]");
        var again = form.querySelector("button[name='" + button.name + "'][value='" + button.value + "']");
        var full = button.name === "add" && !byId(target); // no row came: the message at the top says why
        if (wrong && (full || response.status !== 200)) wrong.focus();
        else if (!window.portal.go(target) && again) again.focus();
        announce(before);
      });
    }).catch(function () {
      renamed = Boolean(keep);
      failed();
    }));
  }

  // Files

  // A file that is too large is refused when it is chosen: sent, it could cost what was typed.
  function chosen(input) {
    var most = Number(input.getAttribute("data-most-bytes"));
    if (!most || !input.files.length) return;
    var together = 0, size = input.files[0].size;
    document.querySelectorAll("input[type=file]").forEach(function (other) {
      if (other.files.length) together += other.files[0].size;
    });
    var words = size > most ? "The file must be 25 MB or smaller. It was not added."
      : together > Number(input.getAttribute("data-most-bytes-together"))
        ? "The files of one request can be 40 MB together. This one was not added." : "";
    var before = byId(input.id + "_wrong"); // about the file that was chosen before
    if (before) before.remove();
    noteAt(input, words);
    if (words) input.value = ""; else upload(input);
  }

  function noteAt(input, words) {
    var note = byId(input.id + "_size");
    if (!note) {
      note = document.createElement("span");
      note.id = input.id + "_size";
      note.className = "wrong";
      note.setAttribute("role", "alert");
      input.parentNode.insertBefore(note, input);
    }
    note.textContent = words;
  }

  function lost(input) {
    var again = document.createElement("button");
    again.type = "button";
    again.className = "linklike";
    again.textContent = "Try again";
    again.addEventListener("click", function () {
      noteAt(input, "");
      upload(input);
    });
    noteAt(input, "The file could not be uploaded. ");
    byId(input.id + "_size").append(again);
  }

  function upload(input) {
    var url = saved().dataset.upload;
    if (sending) { queued.push(input); return; }
    if (!url) {
      save();
      sending += 1;
      return (busy || Promise.resolve()).then(function () {
        sending -= 1;
        if (saved().dataset.upload) upload(input); else arrived();
      });
    }
    var file = input.files[0], data = new FormData(), bar = shownProgress(input, file);
    var before = byId(input.name.replace(/-file$/, "-report"));
    before = before && before.querySelector("[name$=-attachment]");
    data.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    if (before) data.append("replaced", before.value);
    form.querySelectorAll("[name$=-attachment], [name=imaging-count], [name='answer.question']").forEach(function (one) {
      data.append(one.name, one.value);
    });
    data.append(input.name, file);
    var post = new XMLHttpRequest();
    sending += 1;
    post.upload.onprogress = function (event) {
      if (event.lengthComputable) bar.show(Math.floor(100 * event.loaded / event.total));
    };
    function ended(how) {
      return function () {
        bar.end();
        sending -= 1;
        how();
        arrived();
      };
    }
    post.onload = ended(function () {
      if (post.status !== 200) return lost(input);
      renew(parse(post.responseText), input);
      var again = byId(input.id);
      if (again && document.activeElement === document.body) again.focus();
      if (waiting) return;
      save();
      soon(SEEN); // by then its pages were looked at
    });
    post.onerror = ended(function () { lost(input); });
    post.onabort = ended(function () { input.value = ""; input.focus(); });
    bar.cancel.addEventListener("click", function () { post.abort(); });
    post.open("POST", url);
    post.send(data);
  }

  // Press the button that was pressed while a file was on its way.
  function arrived() {
    var button = waiting;
    if (sending) return;
    if (queued.length) return upload(queued.shift());
    if (!button) return;
    waiting = null;
    press(button);
  }

  function shownProgress(input, file) {
    var place = document.createElement("span"), words = document.createElement("span");
    var progress = document.createElement("progress"), cancel = document.createElement("button");
    place.className = "upload";
    progress.max = 100;
    progress.setAttribute("aria-label", "Sending " + file.name);
    cancel.type = "button";
    cancel.className = "linklike";
    cancel.textContent = "Cancel";
    place.append(progress, " ", words, " ", cancel);
    input.after(place);
    function show(part) {
      progress.value = part;
      words.textContent = part < 100 ? "Sending: " + part + " %" : "Received, checking";
    }
    show(0);
    return { cancel: cancel, show: show, end: function () { place.remove(); } };
  }

  // What a person does

  form.addEventListener("change", function (event) {
    if (event.target.matches(LEVELS)) {
      clearTimeout(timer);
      timer = 0;
      renamed = true;
    }
    if (event.target.type === "file") chosen(event.target); else soon(SOON);
  });
  ["pointerdown", "pointerup", "pointercancel"].forEach(function (name) {
    document.addEventListener(name, function () { pressed = name === "pointerdown"; });
  });
  form.addEventListener("input", function (event) {
    if (event.target.type !== "file") soon(event.target.name === "find_code" ? SOON : TYPING);
  });
  form.addEventListener("submit", function (event) {
    var button = event.submitter;
    if (busy) {
      event.preventDefault();
      busy.then(function () { press(button); });
    } else if (sending) {
      event.preventDefault();
      waiting = button;
    } else if (button && button.hasAttribute("data-in-place")) {
      event.preventDefault();
      inPlace(button);
    } else if (button && button.hasAttribute("data-update") && saved().dataset.liveUrl) {
      event.preventDefault();
      save(true);
    } else if (unsaved()) { // what cannot be saved now would be lost with this page
      event.preventDefault();
      first(function () {
        if (away) byId("told").textContent = saved().textContent; else press(button);
      });
    } else {
      leaving = true;
      clearTimeout(timer);
    }
  });
  window.addEventListener("pagehide", function () {
    if (!timer || leaving || busy) return;
    navigator.sendBeacon(saved().dataset.liveUrl || form.getAttribute("action"), typed());
  });
  window.addEventListener("pageshow", function () { leaving = false; });
  document.addEventListener("keydown", function (event) {
    var section = event.altKey && !event.ctrlKey && /^Digit[1-8]$/.test(event.code) &&
      document.querySelector("a[accesskey='" + event.code.slice(5) + "']");
    var enter = event.key === "Enter" && !event.ctrlKey && event.target.name;
    var look = enter === "find_code" ? document.querySelector("[data-look]")
      : enter === "levels_named" ? document.querySelector("[name=set_levels]") : null;
    var saves = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s";
    if (!section && !look && !saves) return;
    event.preventDefault();
    if (saves) save(true); else (section || look).click();
  });
  document.addEventListener("submit", function (event) { // such as Sign out, after which nothing can be saved
    if (event.target === form || !unsaved()) return;
    event.preventDefault();
    first(function () { HTMLFormElement.prototype.submit.call(event.target); });
  }, true);
})();
