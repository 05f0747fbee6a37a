"use strict";
// What the page can do beyond being read: choose arms, sort tables, save figures. Without it everything is there, one below the other.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (tag, facts, ...inside) => {
    const node = Object.assign(document.createElement(tag), facts);
    node.append(...inside);
    return node;
  };

  // Arms: each part of the page that has a block an arm shows one or two of them, the same ones everywhere.
  const main = document.querySelector("main[data-arms]");
  const [armWord, besideWord, noneWord, allWord] = main ? main.dataset.words.split("|") : [];
  const wanted = main ? main.dataset.arms.split(" ").filter(Boolean) : [];
  const groups = all(".arms").filter((group) => group.children.length > 1).map((group) => {
    const arms = new Map(all(":scope > .arm", group).map((arm) => [arm.dataset.arm, arm]));
    const first = chooser(arms, armWord, []);
    const second = chooser(arms, besideWord, [["", noneWord], ["*", allWord]]);
    group.classList.add("choosable");
    group.before(make("div", { className: "chooser" }, first.label, second.label));
    return { group, arms, first: first.select, second: second.select };
  });

  function chooser(arms, text, more) {
    const select = make("select", {});
    for (const [slug, arm] of arms) select.append(new Option(arm.dataset.name, slug));
    for (const [value, name] of more) select.append(new Option(name, value));
    const place = more.length ? 1 : 0;
    select.addEventListener("change", () => choose(place, select));
    return { select, label: make("label", {}, `${text} `, select) };
  }

  function choose(place, select) {
    const before = select.getBoundingClientRect().top;
    wanted[place] = select.value;
    groups.forEach(show);
    scrollBy({ top: select.getBoundingClientRect().top - before, behavior: "instant" });
  }

  function show({ group, arms, first, second }) {
    const one = arms.has(wanted[0]) ? wanted[0] : arms.keys().next().value;
    const two = arms.has(wanted[1]) && wanted[1] !== one ? wanted[1] : wanted[1] === "*" ? "*" : "";
    for (const [slug, arm] of arms) arm.classList.toggle("chosen", two === "*" || slug === one || slug === two);
    if (arms.has(one) && arms.has(two)) group.insertBefore(arms.get(one), arms.get(two));
    group.classList.toggle("pair", two !== "");
    first.value = one;
    second.value = two;
  }
  groups.forEach(show);

  // Tables: a click on a heading sorts by it, the next one the other way round, the third as it was.
  const english = document.documentElement.lang === "en";
  const number = (text) => {
    const marks = english ? text : text.replace(/[.,]/g, (mark) => (mark === "." ? "," : "."));
    const found = marks.replace("−", "-").replace(/(\d),(?=\d{3}\b)/g, "$1").match(/^[^\d-]*(-?\d*\.?\d+)/);
    return found ? Number(found[1]) : null;
  };
  const content = (row, column) => (row.cells[column] ? row.cells[column].firstChild?.textContent.trim() ?? "" : "");

  function columns(table) {
    const taken = [];
    const leaves = [];
    [...table.tHead.rows].forEach((row, depth) => {
      let column = 0;
      for (const cell of row.cells) {
        while (taken[depth]?.[column]) column += 1;
        for (let down = 0; down < cell.rowSpan; down += 1)
          for (let right = 0; right < cell.colSpan; right += 1) (taken[depth + down] ??= [])[column + right] = true;
        if (cell.colSpan === 1) leaves.push([cell, column]);
        column += cell.colSpan;
      }
    });
    return leaves;
  }

  function sort(table, heading, column, order) {
    const state = { none: "ascending", ascending: "descending", descending: "none" }[heading.getAttribute("aria-sort") ?? "none"];
    all("[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    const rows = [...order];
    if (state !== "none") {
      heading.setAttribute("aria-sort", state);
      const way = state === "ascending" ? 1 : -1;
      const keys = new Map(rows.map((row) => [row, content(row, column)]));
      const numeric = rows.some((row) => number(keys.get(row)) !== null) && rows.every((row) => /^$|^–$|^not |^tidak |^[−-]?[\d.,]/.test(keys.get(row)));
      rows.sort((a, b) => {
        const [x, y] = [keys.get(a), keys.get(b)];
        if (!numeric) return way * x.localeCompare(y, undefined, { numeric: true });
        const [p, q] = [number(x), number(y)];
        return p === null || q === null ? (p === null) - (q === null) : way * (p - q);
      });
    }
    table.tBodies[0].append(...rows);
  }

  for (const table of all("table:not(.confusion)")) {
    if (!table.tHead || !table.tBodies.length || table.tBodies[0].rows.length < 3) continue;
    const order = [...table.tBodies[0].rows];
    if (order.some((row) => [...row.cells].some((cell) => cell.colSpan > 1))) continue;
    for (const [heading, column] of columns(table)) {
      if (!heading.textContent.trim()) continue;
      const button = make("button", { type: "button" }, ...heading.childNodes);
      button.addEventListener("click", () => sort(table, heading, column, order));
      heading.append(button);
    }
  }

  // Figures: saved from the page itself, so that it may be sent without its folder; PNG of 300 dots an inch.
  const save = (address, name) => make("a", { href: address, download: name }).click();

  function png(image, name) {
    const canvas = make("canvas", {});
    canvas.width = Math.round((image.naturalWidth * 300) / 96);
    canvas.height = Math.round((image.naturalHeight * 300) / 96);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => {
      const address = URL.createObjectURL(blob);
      save(address, name);
      setTimeout(() => URL.revokeObjectURL(address), 10000);
    });
  }

  for (const links of all(".save")) {
    const image = links.closest("figure").querySelector("img");
    const name = links.dataset.name;
    if (!links.querySelector("[href$='.png']"))
      links.append(make("a", { href: `figures/${name}.png`, ariaLabel: links.querySelector("a").ariaLabel.replace("SVG", "PNG") }, "PNG"));
    links.addEventListener("click", (event) => {
      const kind = event.target.textContent;
      if (kind !== "SVG" && kind !== "PNG") return;
      event.preventDefault();
      if (kind === "SVG") save(image.src, `${name}.svg`);
      else png(image, `${name}.png`);
    });
  }

  // Contents: mark where the reader is, and keep that line in view.
  const lines = new Map(all(".contents a").map((line) => [line.hash.slice(1), line]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const line = lines.get(entry.target.id);
      if (!entry.isIntersecting || !line) continue;
      lines.forEach((other) => other.removeAttribute("aria-current"));
      line.setAttribute("aria-current", "true");
      const list = line.closest("ul");
      list.scrollTo({ left: line.offsetLeft - 16, top: line.offsetTop - list.clientHeight / 2 });
    }
  }, { rootMargin: "-20% 0px -75% 0px" });
  all("main > section[id]").forEach((section) => seen.observe(section));

  addEventListener("beforeprint", () => all("details").forEach((details) => { details.open = true; }));
})();
