// What a page of the workbench is measured by: WCAG contrast, names, reach by keyboard. Returns faults as sentences.
() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const over = (top, below) => ({
    r: top.r * top.a + below.r * (1 - top.a),
    g: top.g * top.a + below.g * (1 - top.a),
    b: top.b * top.a + below.b * (1 - top.a),
    a: 1,
  });
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (one, two) => {
    const [high, low] = [light(one), light(two)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour.a > 0) layers.push(colour);
      if (colour.a === 1) break;
    }
    return layers.reduceRight((below, top) => over(top, below), { r: 255, g: 255, b: 255, a: 1 });
  };
  const shown = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    [...element.getClientRects()].some((box) => box.width > 1 && box.height > 1);
  const off = (element) => element.closest(":disabled, [aria-disabled=true]");
  const called = (element) => `${element.tagName.toLowerCase()}.${element.className} “${(element.textContent || "").trim().slice(0, 20)}”`;
  const faults = new Set();

  const opacity = (element) => (element ? Number(getComputedStyle(element).opacity) * opacity(element.parentElement) : 1);
  const check = (element, colour, what) => {
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const behind = ground(element);
    const ink = over({ ...colour, a: colour.a * opacity(element) }, behind);
    const found = contrast(ink, behind);
    if (found < least) faults.add(`${what} ${called(element)}: contrast ${found.toFixed(2)} < ${least}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(element) || off(element)) continue;
    if (element.closest("script, style, canvas, option")) continue;
    check(element, parse(getComputedStyle(element).color), "text");
  }
  document.querySelectorAll("input, select, textarea").forEach((field) => {
    if (!shown(field) || off(field) || ["checkbox", "radio", "file"].includes(field.type)) return;
    check(field, parse(getComputedStyle(field).color), "value");
    if (field.placeholder) check(field, parse(getComputedStyle(field, "::placeholder").color), "placeholder");
    const edge = over(parse(getComputedStyle(field).borderTopColor), ground(field.parentElement));
    const found = contrast(edge, ground(field.parentElement));
    if (found < 3) faults.add(`edge ${called(field)}: contrast ${found.toFixed(2)} < 3`);
  });

  const named = (element) =>
    [
      element.getAttribute("aria-label"),
      ...(element.getAttribute("aria-labelledby") || "").split(" ").map((id) => id && document.getElementById(id)?.textContent),
      ...[...(element.labels || [])].map((label) => label.textContent),
      ["SELECT", "TEXTAREA"].includes(element.tagName) ? "" : element.textContent,
    ].some((text) => text && text.replace(/　/g, "").trim());
  const controls = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")];
  controls.filter((each) => shown(each)).forEach((each) => {
    if (!named(each)) faults.add(`no name: ${called(each)} ${each.outerHTML.slice(0, 120)}`);
  });
  document.querySelectorAll("img:not([alt]), th:not([scope])").forEach((each) => faults.add(`unlabelled ${called(each)}`));
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  ids.filter((id, index) => ids.indexOf(id) !== index).forEach((id) => faults.add(`id twice: ${id}`));
  if (document.querySelectorAll("h1").length !== 1) faults.add("not one h1");
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.add(`the page is ${wide} wide`);
  return [...faults];
}
