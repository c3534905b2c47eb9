/* The table of all customers. Rule: what the page holds is text, and stays text: nothing is ever read as markup.
 *
 * Without this script the page's tables are read as they stand. With it, every record is read from them once, and one table
 * shows a page of the records that were searched for, in the order that was asked for.
 */
"use strict";
(() => {
  const root = document.documentElement;
  const at = (id) => document.getElementById(id);
  const figure = new Intl.NumberFormat("en").format;
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const label = (word) => data.labels[word] ?? word;
  const invalid = (row) => row.reason === "invalid_id"; // what stands in the place of its id is the list's text
  const isoDate = (days) => (days === null ? "" : new Date(days * 864e5).toISOString().slice(0, 10));

  let data, rows, found;
  const chosen = { verdict: new Set(), reason: new Set(), owner: new Set() };
  const view = { words: [], key: "", down: false, from: 0, size: 100 };
  const orders = { // what each column is sorted by; missing values stand last in either direction
    name: (row) => row.name || row.id,
    owner: (row) => row.owner,
    verdict: (row) => String(data.verdicts.indexOf(row.verdict)) + row.reason,
    status: (row) => row.status,
    last: (row) => row.last,
    days: (row) => row.days,
  };

  /* ---- reading ---- */

  function unpacked(column, columns) {
    if (column.list) return column.list;
    if (column.codes) return column.codes.map((code) => column.words[code]);
    if (column.as) return unpacked(columns[column.as], columns).map((value, n) => (n in column.but ? column.but[n] : value));
    let sum = 0;
    if (column.steps) return column.steps.map((step) => (sum += step));
    return Array(data.count).fill(column.each);
  }

  const written = (element) => (element.className === "none" ? "" : element.textContent);

  function read() {
    data = JSON.parse(at("data").textContent);
    const columns = Object.fromEntries(Object.entries(data.columns).map(([name, column]) => [name, unpacked(column, data.columns)]));
    const own = data.own.map(([, column]) => unpacked(column));
    const lines = document.querySelectorAll("#blocked tbody tr, #undetermined tbody tr:not(.g), #eligible tbody tr:not(.g)");
    rows = Array.from(lines, (line, n) => {
      const head = line.querySelector("th"), of = (column) => columns[column][n];
      const [name, domain, id] = Array.from((head ?? line).children, written);
      const [reason, status] = of("kind"), verdict = data.verdict_of[reason];
      const [evidence, request] = verdict === "undetermined" ? [line.cells[3].textContent, line.cells[4].textContent] : ["", ""];
      return {
        n, name, domain, id, verdict, reason, status: status ?? "", owner: of("owner") ?? "", last: of("last_update"),
        begun: of("begun"), days: of("days"), daysInStatus: of("days_in_status"), change: of("change"), times: of("times_blocked"),
        evidence, request, file: of("source_file"), line: of("place") + of("row_offset"), own: own.map((column) => column[n]),
      };
    });
  }

  /* ---- finding ---- */

  const sought = (row) =>
    (row.text ??= folded([row.name, row.domain, row.id, row.owner, row.status, label(row.reason), ...row.own].join("\n")));

  function find() {
    const sets = Object.entries(chosen).filter(([, set]) => set.size);
    found = rows.filter(
      (row) => sets.every(([key, set]) => set.has(row[key])) && view.words.every((word) => sought(row).includes(word)),
    );
    if (view.key) {
      const key = orders[view.key], sign = view.down ? -1 : 1;
      const missing = (value) => value === null || value === "";
      const compared = (a, b) => (typeof a === "number" ? a - b : collator.compare(a, b));
      const keyed = found.map((row) => [key(row), row]);
      keyed.sort(([a, x], [b, y]) => missing(a) - missing(b) || (missing(a) ? 0 : sign * compared(a, b)) || x.n - y.n);
      found = keyed.map(([, row]) => row);
    }
    view.from = 0;
    show();
  }

  /* ---- showing ---- */

  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  function customer(row) {
    const name = row.name
      ? element("b", {}, row.name)
      : element("b", { className: "none" }, "No name");
    const id = element("code", {}, row.id);
    const cell = element("th", { scope: "row" }, name, element("span", {}, row.domain), id);
    copyButton(id);
    return cell;
  }

  function line(row) {
    const more = element("button", { type: "button", className: "more" }, "Details");
    more.setAttribute("aria-expanded", "false");
    more.setAttribute("aria-label", `Details of ${row.name || row.id}`);
    const made = element(
      "tr", {}, customer(row),
      element("td", {}, row.owner),
      element("td", {}, element("span", { className: `badge ${row.verdict}` }, label(row.verdict)), element("small", {}, label(row.reason))),
      element("td", {}, row.status),
      element("td", {}, isoDate(row.last)),
      element("td", { className: "n" }, row.days === null ? "" : figure(row.days)),
      element("td", {}, more),
    );
    more.addEventListener("click", () => {
      const open = more.getAttribute("aria-expanded") === "true";
      more.setAttribute("aria-expanded", String(!open));
      if (open) made.nextElementSibling.remove();
      else made.after(details(row));
    });
    return made;
  }

  function details(row) {
    const [meaning, usual] = data.advice[row.reason], [most, steps] = data.long;
    const step = row.daysInStatus >= most ? steps[row.reason] : usual;
    const list = element("dl");
    const facts = [
      ["Meaning", meaning], ["Next step", step], ["Since", isoDate(row.begun)],
      ["Times blocked", row.times > 1 ? figure(row.times) : ""], ["Since the baseline", row.change ? label(row.change) : ""],
      ["Evidence", row.evidence], ["Request id", row.request], ["Row", `${row.file}, row ${figure(row.line)}`],
      ...data.own.map(([name], n) => [name, row.own[n]]),
    ];
    for (const [name, value] of facts) if (value) list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
    if (data.link && !invalid(row)) {
      const href = data.link.replaceAll("{customer_id}", encodeURIComponent(row.id));
      list.append(element("div", {}, element("dt", {}, "Partner Center"), element("dd", {}, element("a", { href }, "Open the customer"))));
      outward(list);
    }
    return element("tr", { className: "details" }, element("td", { colSpan: 7 }, list));
  }

  function show() {
    const until = Math.min(view.from + view.size, found.length);
    at("rows").replaceChildren(...found.slice(view.from, until).map(line));
    const which = found.length ? `Rows ${figure(view.from + 1)} to ${figure(until)} of ${figure(found.length)}` : "No row";
    at("found").textContent = `${which} found, ${figure(rows.length)} on this page in all.`;
    at("previous").disabled = view.from === 0;
    at("next").disabled = until >= found.length;
    at("save").disabled = !found.length;
    at("clear").disabled = !view.words.length && !Object.values(chosen).some((set) => set.size);
  }

  /* ---- controls ---- */

  function chips(key, values) {
    const counts = new Map(values.map((value) => [value, 0]));
    for (const row of rows) counts.set(row[key], (counts.get(row[key]) ?? 0) + 1);
    const order = values.length ? [...counts.keys()] : [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || collator.compare(a, b));
    for (const value of order) {
      const name = key === "owner" ? value || "Unassigned" : label(value);
      const chip = element("button", { type: "button", className: `chip ${key === "verdict" ? value : ""}` }, name, element("small", {}, figure(counts.get(value))));
      chip.dataset.value = value;
      chip.addEventListener("click", () => choose(key, value, !chosen[key].has(value)));
      at(`by-${key}`).append(chip);
    }
    pressed(key);
  }

  function pressed(key) {
    for (const chip of at(`by-${key}`).children) chip.setAttribute("aria-pressed", String(chosen[key].has(chip.dataset.value)));
    const count = at(`count-${key}`);
    if (count) count.textContent = chosen[key].size ? ` (${chosen[key].size} chosen)` : "";
  }

  function choose(key, value, on) {
    if (on) chosen[key].add(value);
    else chosen[key].delete(value);
    pressed(key);
    find();
  }

  function clear() {
    at("search").value = "";
    view.words = [];
    for (const key of Object.keys(chosen)) {
      chosen[key].clear();
      pressed(key);
    }
    find();
    at("search").focus();
  }

  function sortBy(button) {
    const key = button.dataset.key, first = key === "days";
    view.down = view.key === key ? !view.down : first;
    view.key = key;
    for (const head of document.querySelectorAll("#every thead th[aria-sort]")) head.removeAttribute("aria-sort");
    button.closest("th").setAttribute("aria-sort", view.down ? "descending" : "ascending");
    find();
  }

  /* ---- taking away ---- */

  function say(text) {
    at("said").textContent = text;
  }

  function copyButton(code) {
    const button = element("button", { type: "button", className: "copy" }, "Copy");
    button.setAttribute("aria-label", `Copy id ${code.textContent}`);
    code.after(button);
  }

  async function copy(button) {
    const id = button.previousElementSibling.textContent;
    try {
      await navigator.clipboard.writeText(id);
    } catch { // refused, or not offered for a page that comes from a file
      const field = element("textarea", { value: id, className: "hidden" });
      button.after(field);
      field.select();
      document.execCommand("copy");
      field.remove();
      button.focus();
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
    say(`Copied ${id}`);
  }

  const harmless = /^-?\d+(?:[.,]\d+)*$/; // a negative number is no formula
  function cell(value) {
    let text = value === null || value === undefined ? "" : String(value);
    if (/^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) && !harmless.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  function csv() {
    const head = [
      "customer_id", "company_name", "domain", "verdict", "status", "reason", "last_update", "days_in_status", "evidence",
      "request_id", "owner", "source_file", "source_row", "raw_id", "change", "since", "days", "times_blocked",
      ...data.own.map(([name]) => name),
    ];
    const lines = found.map((row) => [
      invalid(row) ? "" : row.id, row.name, row.domain, row.verdict, row.status, row.reason, isoDate(row.last), row.daysInStatus, row.evidence,
      row.request, row.owner, row.file, row.line, invalid(row) ? row.id : "", row.change, isoDate(row.begun), row.days, row.times, ...row.own,
    ]);
    return [head, ...lines].map((values) => `${values.map(cell).join(",")}\r\n`).join("");
  }

  function save() {
    // the mark at the beginning is how a spreadsheet knows UTF-8
    const href = URL.createObjectURL(new Blob(["\ufeff", csv()], { type: "text/csv" }));
    element("a", { href, download: data.file }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
    say(`${figure(found.length)} rows saved as ${data.file}`);
  }

  function shorten(table) {
    const most = table.className === "grouped" ? 12 : 51;
    if (!table.querySelector(`tbody tr:nth-child(${most})`)) return;
    const button = element("button", { type: "button", className: "opener" });
    const toggle = (open) => {
      table.classList.toggle("open", open);
      button.setAttribute("aria-expanded", String(open));
      button.textContent = open ? "Show fewer rows" : `Show all ${figure(table.querySelectorAll("tbody tr:not(.g)").length)} rows`;
    };
    table.classList.add("long");
    toggle(false);
    button.addEventListener("click", () => toggle(button.getAttribute("aria-expanded") === "false"));
    table.after(button);
  }

  function outward(within) {
    for (const link of within.querySelectorAll('a[href^="http"]')) Object.assign(link, { target: "_blank", rel: "noopener" });
  }

  /* ---- beginning ---- */

  function listen() {
    at("search").addEventListener("input", (event) => {
      view.words = folded(event.target.value).split(/\s+/).filter(Boolean);
      find();
    });
    at("size").addEventListener("change", (event) => {
      view.size = Number(event.target.value);
      view.from = 0;
      show();
    });
    at("clear").addEventListener("click", clear);
    at("save").addEventListener("click", save);
    for (const [id, way] of [["previous", -1], ["next", 1]])
      at(id).addEventListener("click", () => {
        view.from = Math.max(0, view.from + way * view.size);
        show();
        at("every").scrollIntoView({ block: "start" });
      });
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button.copy, button[data-key], a[data-owner]");
      if (!button) return;
      if (button.className === "copy") copy(button);
      else if (button.dataset.key) sortBy(button);
      else {
        clear();
        choose("owner", button.dataset.owner, true);
      }
    });
    addEventListener("beforeprint", () => print(1000));
    addEventListener("afterprint", () => print(0));
  }

  let before = null;
  function print(most) { // on paper there are no pages to turn
    if (most) before = { from: view.from, size: view.size };
    Object.assign(view, most && found.length <= most ? { from: 0, size: most } : before);
    show();
  }

  document.addEventListener("DOMContentLoaded", () => {
    try {
      read();
      chips("verdict", data.verdicts);
      chips("reason", []);
      chips("owner", []);
      for (const code of document.querySelectorAll("#blocked code, #undetermined code, #changed code, #uncompared code")) copyButton(code);
      outward(document);
      document.querySelectorAll("#blocked, #changed, #uncompared, #undetermined").forEach(shorten);
      listen();
      find();
      at("listed").remove();
      setTimeout(() => rows.forEach(sought)); // so that the first key is as quick as the others
    } catch (error) { // the tables are there to be read all the same
      root.classList.remove("js");
      throw error;
    }
  });
  root.classList.add("js");
})();
