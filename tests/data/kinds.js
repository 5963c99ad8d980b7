() => { // axe reckons the contrast of the first text of each kind: all the way up it stands in the same colours and sizes
  const kinds = new Map([[document.documentElement, 0]]), numbers = new Map(), seen = new Set();
  const kind = e => {
    if (kinds.has(e)) return kinds.get(e);
    const s = getComputedStyle(e), placed = !["static", "relative"].includes(s.position); // over something: always asked
    const own = [kind(e.parentElement), e.tagName, e.className.baseVal ?? e.className, e.type, e.matches(":disabled"), s.color,
      s.backgroundColor, s.backgroundImage, s.fontSize, s.fontWeight, s.opacity, s.zIndex, s.float, s.transform, s.filter,
      s.mixBlendMode, s.textShadow, placed && numbers.size].join("|");
    if (!numbers.has(own)) numbers.set(own, numbers.size + 1);
    return kinds.set(e, numbers.get(own)).get(e);
  };
  const overlaps = (e, box) => [box.x + 4, box.x + box.width / 2].some(x => // this is always asked, too
    document.elementsFromPoint(x, box.y + box.height / 2).some(other => !other.contains(e) && !e.contains(other)));
  document.querySelectorAll("[data-first-of-kind]").forEach(e => delete e.dataset.firstOfKind);
  for (const e of document.body.querySelectorAll("*")) {
    const box = e.getBoundingClientRect();
    const read = [...e.childNodes].some(n => n.nodeType === 3 && /[\p{L}\p{N}]/u.test(n.data)) || e.matches("input, select, textarea");
    if (!read || !box.width || !box.height || !e.checkVisibility({visibilityProperty: true})) continue;
    if (seen.has(kind(e)) && !overlaps(e, box)) continue;
    seen.add(kind(e));
    e.dataset.firstOfKind = "";
  }
  axe.configure({rules: [{id: "color-contrast", selector: "[data-first-of-kind]"}]});
}
