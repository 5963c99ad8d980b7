() => {
  const stop = () => {
    const e = document.activeElement, before = window.stopped;
    window.stopped = e;
    if (!e || e === document.body || (before && e === window.firstStop)) return null;
    if (!before) window.firstStop = e;
    if (e === before) return [];
    const style = getComputedStyle(e), box = e.getClientRects()[0] || e.getBoundingClientRect();
    const lined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    const top = Math.max(box.y, 0), end = Math.min(box.y + box.height, innerHeight); // what is in the window of it
    const at = document.elementFromPoint(box.x + box.width / 2, (top + end) / 2);
    const met = at && (e.contains(at) || at.contains(e) && at.matches("label, a, button, summary"));
    const back = before && before.isConnected && !(before.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING);
    return [e.outerHTML.slice(0, 110), !lined && style.boxShadow === "none", !met && (at ? at.outerHTML.slice(0, 80) : "out of sight"), Boolean(back)];
  };
  if (window.noteStop) { // Tab went through the page before: it begins anew where a stop that is gone stood first
    removeEventListener("keyup", window.noteStop, true);
    const start = document.createElement("span");
    start.tabIndex = -1;
    document.body.prepend(start);
    start.focus();
    start.remove();
  }
  window.noteStop = () => window.stops.push(stop());
  window.stops = [];
  window.stopped = window.firstStop = null;
  addEventListener("keyup", window.noteStop, true);
  document.activeElement.blur();
  scrollTo(0, 0);
}
