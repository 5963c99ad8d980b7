([TEXT, LARGE_TEXT, SHAPE, SMALLEST]) => {
  document.querySelectorAll("details").forEach(one => one.open = true);
  const faults = [], seen = e => e.checkVisibility({visibilityProperty: true}) && (r => r.width > 2 && r.height > 2)(e.getBoundingClientRect());
  const parsed = words => {
    const [r, g, b, a = 1] = (words.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    return [r, g, b, a];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((c, i) => c * a + under[i] * (1 - a));
  const light = c => c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ratio = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + .05) / (low + .05);
  };
  const kept = find => { // by element: most of the time went into asking each element's parents anew
    const known = new Map();
    return e => known.has(e) ? known.get(e) : known.set(e, find(e)).get(e);
  };
  const ground = kept(e => {
    if (!e) return [255, 255, 255];
    const own = parsed(getComputedStyle(e).backgroundColor);
    return own[3] === 1 ? own.slice(0, 3) : over(own, ground(e.parentElement));
  });
  const opacity = kept(e => e ? Number(getComputedStyle(e).opacity) * opacity(e.parentElement) : 1);
  const on = (colour, e, under) => over([...parsed(colour).slice(0, 3), parsed(colour)[3] * opacity(e)], under);
  const note = (what, e, much) => faults.push([what, e.outerHTML.slice(0, 110), Math.round(much * 100) / 100]);
  const least = style => parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700) ? LARGE_TEXT : TEXT;
  const read = (e, style, size, colour, under) => {
    const found = ratio(on(colour, e, under), under);
    if (found < least(style)) note("text", e, found);
    if (size < SMALLEST) note("size", e, size);
  };
  for (const e of document.body.querySelectorAll("*")) {
    if (!seen(e) || e.closest(":disabled")) continue;
    const style = getComputedStyle(e), svg = e.ownerSVGElement;
    if (svg) continue;
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (own || e.matches("input:not([type=checkbox], [type=radio]), select, textarea")) read(e, style, parseFloat(style.fontSize), style.color, ground(e));
    for (const place of ["::before", "::after"]) {
      const put = getComputedStyle(e, place);
      if (!["none", "normal", '""'].includes(put.content) && put.display !== "none") read(e, put, parseFloat(put.fontSize), put.color, ground(e));
    }
    if (e.matches("input:not([type=checkbox], [type=radio], [type=file]), select, textarea")) {
      const around = ground(e.parentElement), found = ratio(on(style.borderTopColor, e, around), around);
      if (parseFloat(style.borderTopWidth) < 1 || found < SHAPE) note("border", e, found);
    }
  }
  const colour = (words, e, under) => {
    if (words === "none") return null;
    if (!words.startsWith("url")) return on(words, e, under);
    const drawn = [...document.querySelector(words.match(/#[\w-]+/)[0]).querySelectorAll("[stroke], [fill]")];
    const colours = drawn.map(one => getComputedStyle(one)).flatMap(style => [style.stroke, style.fill]);
    const ratios = colours.filter(one => one !== "none").map(one => on(one, e, under));
    return ratios.sort((one, other) => ratio(other, under) - ratio(one, under))[0];
  };
  for (const svg of document.querySelectorAll("svg")) {
    if (!seen(svg)) continue;
    const under = ground(svg), drawn = [...svg.querySelectorAll("rect, path, circle, line, polygon, text")].filter(e => !e.closest("defs"));
    drawn.forEach((e, place) => {
      const style = getComputedStyle(e), box = e.getBoundingClientRect();
      if (e.tagName === "text") {
        const at = [box.x + box.width / 2, box.y + box.height / 2];
        const below = style.stroke === "none" && drawn.slice(0, place).reverse().find(o => o.tagName === "rect" && getComputedStyle(o).fill !== "none" &&
          (r => r.left <= at[0] && at[0] <= r.right && r.top <= at[1] && at[1] <= r.bottom)(o.getBoundingClientRect()));
        const behind = below ? colour(getComputedStyle(below).fill, below, under) : under;
        read(e, style, parseFloat(style.fontSize) * e.getScreenCTM().a, style.fill, behind);
      } else if (!e.matches(".grid, .ground")) {
        const flat = (b => !b.width || !b.height)(e.getBBox());
        const best = Math.max(...[flat ? "none" : style.fill, style.stroke].map(words => colour(words, e, under)).filter(Boolean).map(c => ratio(c, under)));
        if (best > 0 && best < SHAPE) note("shape", e, best);
      }
    });
  }
  return faults;
}
