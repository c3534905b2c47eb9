/* The table of all customers: search, filters, sorting, paging, CSV download. Texts of the page stay texts; none is read as markup.
 *
 * Without this script the page's own tables are shown. With it, all records are read from them once, and one table shows
 * the records that match, a page at a time.
 */
"use strict";
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const language = root.lang;
  const formatNumber = new Intl.NumberFormat(language).format;
  const text = (message, values = {}) => // in the page's language
    (data.texts[message] ?? message).replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const normalize = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const label = (word) => data.labels[word] ?? word;
  const isGuid = (id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) && /[^0-]/.test(id);
  const hasNoId = (row) => row.reason === "invalid_id" || (row.reason === "not_selected" && !isGuid(row.id)); // its id is the list's own text
  const isoDate = (days) => (days === null ? "" : new Date(days * 864e5).toISOString().slice(0, 10));
  const dateFormat = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" });
  const showDate = (days) => (days === null || language === "en" ? isoDate(days) : dateFormat.format(new Date(days * 864e5)));

  let data, rows, matches;
  const filters = { verdict: new Set(), reason: new Set(), owner: new Set() };
  const view = { words: [], key: "", descending: false, from: 0, size: 50 };
  const sortKeys = { // missing values come last in either direction
    name: (row) => row.name || row.id,
    owner: (row) => row.owner,
    verdict: (row) => String(data.verdicts.indexOf(row.verdict)) + row.reason,
    status: (row) => label(row.reason),
    last: (row) => row.last,
    days: (row) => row.days,
  };

  /* ---- read the records ---- */

  function decode(column, columns) {
    if (column.list) return column.list;
    if (column.codes) return column.codes.map((code) => column.words[code]);
    if (column.as) return decode(columns[column.as], columns).map((value, n) => (n in column.but ? column.but[n] : value));
    let sum = 0;
    if (column.steps) return column.steps.map((step) => (sum += step));
    return Array(data.count).fill(column.each);
  }

  const partText = (element) => (element.className === "none" ? "" : element.textContent);

  function read() {
    data = JSON.parse(byId("data").textContent);
    const columns = Object.fromEntries(Object.entries(data.columns).map(([name, column]) => [name, decode(column, data.columns)]));
    const own = data.own.map(([, column]) => decode(column));
    const managers = new Set(data.owners);
    const eachOf = (owner) => (managers.has(owner) ? [owner] : owner.split("; ")); // a customer on rows of several
    const lines = document.querySelectorAll(".cases tbody tr, #undetermined tbody tr:not(.g), #eligible tbody tr:not(.g)");
    rows = Array.from(lines, (line, n) => {
      const head = line.querySelector("th"), of = (column) => columns[column][n];
      const [name, domain, id] = Array.from((head ?? line).children, partText);
      const [reason, status] = of("kind"), verdict = data.verdict_of[reason];
      const [evidence, request] = verdict === "undetermined" ? [line.cells[2].textContent, line.cells[3].textContent] : ["", ""];
      return {
        n, name, domain, id, verdict, reason, status: status ?? "", owner: of("owner") ?? "", owners: eachOf(of("owner") ?? ""), last: of("last_update"),
        begun: of("begun"), days: of("days"), daysInStatus: of("days_in_status"), change: of("change"), times: of("times_blocked"),
        evidence, request, file: of("source_file"), line: of("place") + of("row_offset"), own: own.map((column) => column[n]),
      };
    });
  }

  /* ---- search and sort ---- */

  const searchText = (row) =>
    (row.text ??= normalize([row.name, row.domain, row.id, row.owner, row.status, label(row.reason), ...row.own].join("\n")));

  const valuesOf = (row, key) => (key === "owner" ? row.owners : [row[key]]);

  function update() {
    // a chip counts what would be shown if it were the only one of its kind
    const counts = Object.fromEntries(Object.keys(filters).map((key) => [key, new Map()]));
    const count = (key, row) => valuesOf(row, key).forEach((value) => counts[key].set(value, (counts[key].get(value) ?? 0) + 1));
    matches = rows.filter((row) => {
      if (!view.words.every((word) => searchText(row).includes(word))) return false;
      const refusing = Object.keys(filters).filter((key) => filters[key].size && !valuesOf(row, key).some((value) => filters[key].has(value)));
      if (!refusing.length) Object.keys(filters).forEach((key) => count(key, row));
      else if (refusing.length === 1) count(refusing[0], row);
      return !refusing.length;
    });
    for (const [key, found] of Object.entries(counts)) updateChips(key, found);
    if (view.key) {
      const key = sortKeys[view.key], sign = view.descending ? -1 : 1;
      const missing = (value) => value === null || value === "";
      const compared = (a, b) => (typeof a === "number" ? a - b : collator.compare(a, b));
      const keyed = matches.map((row) => [key(row), row]);
      keyed.sort(([a, x], [b, y]) => missing(a) - missing(b) || (missing(a) ? 0 : sign * compared(a, b)) || x.n - y.n);
      matches = keyed.map(([, row]) => row);
    }
    view.from = 0;
    show();
  }

  /* ---- show the records ---- */

  function element(name, properties = {}, ...children) {
    const created = Object.assign(document.createElement(name), properties);
    created.append(...children);
    return created;
  }

  const breakable = (domain) => domain.split(/(?<=\.)/).flatMap((part, n) => (n ? [element("wbr"), part] : [part])); // at its dots

  function customerCell(row) {
    const name = row.name
      ? element("b", {}, row.name)
      : element("b", { className: "none" }, text("No name"));
    const id = element("code", {}, row.id);
    const cell = element("th", { scope: "row" }, name, element("span", {}, ...breakable(row.domain)), id);
    addCopyButton(id);
    return cell;
  }

  function tableRow(row) {
    const more = element("button", { type: "button", className: "more" }, text("Details"));
    more.setAttribute("aria-expanded", "false");
    more.setAttribute("aria-label", text("Details of {name}", { name: row.name || row.id }));
    const shown = element(
      "tr", {}, customerCell(row),
      element("td", {}, row.owner),
      element("td", {}, element("span", { className: `badge ${row.verdict}` }, label(row.verdict))),
      element("td", {}, label(row.reason)),
      element("td", {}, showDate(row.last)),
      element("td", { className: "n" }, row.days === null ? "" : formatNumber(row.days)),
      element("td", {}, more),
    );
    more.addEventListener("click", () => {
      const open = more.getAttribute("aria-expanded") === "true";
      more.setAttribute("aria-expanded", String(!open));
      if (open) shown.nextElementSibling.remove();
      else shown.after(detailsRow(row));
    });
    return shown;
  }

  function detailsRow(row) {
    const [meaning, usualStep] = data.advice[row.reason], [longFrom, longSteps] = data.long;
    const step = row.daysInStatus >= longFrom ? longSteps[row.reason] : usualStep;
    const list = element("dl");
    const facts = [
      [text("Meaning"), meaning], [text("Next step"), step], [text("Since"), showDate(row.begun)],
      [text("Times blocked"), row.times > 1 ? formatNumber(row.times) : ""],
      [text("Since the last audit"), row.change ? label(row.change) : ""],
      [text("Evidence"), row.evidence], [text("Request id"), row.request],
      [text("Row"), text("{file}, row {row}", { file: row.file, row: formatNumber(row.line) })],
      ...data.own.map(([name], n) => [name, row.own[n]]),
    ];
    facts.push([text("API status"), row.status]);
    for (const [name, value] of facts) if (value) list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
    if (data.link && !hasNoId(row)) {
      const href = data.link.replaceAll("{customer_id}", encodeURIComponent(row.id));
      list.append(element("div", {}, element("dt", {}, text("Partner Center")), element("dd", {}, element("a", { href }, text("Open the customer")))));
      openInNewTab(list);
    }
    return element("tr", { className: "details" }, element("td", { colSpan: 7 }, list));
  }

  function show() {
    const end = Math.min(view.from + view.size, matches.length);
    byId("rows").replaceChildren(...matches.slice(view.from, end).map(tableRow));
    const counts = { first: view.from + 1, last: end, found: matches.length, all: rows.length };
    const shown = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, formatNumber(count)]));
    byId("found").textContent = matches.length
      ? text("{found} of {all} customers found. Shown: {first} to {last}.", shown)
      : text("None of {all} customers found.", shown);
    const pages = Math.max(1, Math.ceil(matches.length / view.size));
    byId("page-of").textContent = text("Page {n} of {pages}", { n: formatNumber(Math.floor(view.from / view.size) + 1), pages: formatNumber(pages) });
    byId("previous").disabled = view.from === 0;
    byId("next").disabled = end >= matches.length;
    byId("save").disabled = !matches.length;
    byId("clear").disabled = !view.words.length && !Object.values(filters).some((set) => set.size);
  }

  /* ---- controls ---- */

  function addChips(key, values) {
    const counts = new Map(values.map((value) => [value, 0]));
    for (const row of rows) for (const value of valuesOf(row, key)) counts.set(value, (counts.get(value) ?? 0) + 1);
    const order = values.length ? [...counts.keys()] : [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || collator.compare(a, b));
    for (const value of order) {
      const name = key === "owner" ? value || text("Unassigned") : label(value);
      const chip = element("button", { type: "button", className: `chip ${key === "verdict" ? value : ""}` }, name, element("small"));
      chip.dataset.value = value;
      chip.addEventListener("click", () => setFilter(key, value, !filters[key].has(value)));
      byId(`by-${key}`).append(chip);
    }
  }

  function updateChips(key, counts) {
    for (const chip of byId(`by-${key}`).children) {
      chip.setAttribute("aria-pressed", String(filters[key].has(chip.dataset.value)));
      chip.querySelector("small").textContent = formatNumber(counts.get(chip.dataset.value) ?? 0);
    }
    const count = byId(`count-${key}`);
    if (count) count.textContent = filters[key].size ? ` (${text("{n} chosen", { n: formatNumber(filters[key].size) })})` : "";
  }

  function setFilter(key, value, on) {
    if (on) filters[key].add(value);
    else filters[key].delete(value);
    update();
  }

  function clear() {
    byId("search").value = "";
    view.words = [];
    for (const key of Object.keys(filters)) filters[key].clear();
    update();
    byId("search").focus();
  }

  function sortBy(button) {
    const key = button.dataset.key, first = key === "days";
    view.descending = view.key === key ? !view.descending : first;
    view.key = key;
    for (const head of document.querySelectorAll("#every thead th[aria-sort]")) head.removeAttribute("aria-sort");
    button.closest("th").setAttribute("aria-sort", view.descending ? "descending" : "ascending");
    update();
  }

  /* ---- copy and download ---- */

  function announce(words) {
    byId("said").textContent = words;
  }

  function addCopyButton(code) {
    const button = element("button", { type: "button", className: "copy" }, text("Copy"));
    button.setAttribute("aria-label", text("Copy id {id}", { id: code.textContent }));
    code.after(button);
  }

  async function copy(button) {
    const id = button.previousElementSibling.textContent;
    try {
      await navigator.clipboard.writeText(id);
    } catch { // refused, or not available to a page from a file
      const field = element("textarea", { value: id, className: "hidden" });
      button.after(field);
      field.select();
      document.execCommand("copy");
      field.remove();
      button.focus();
    }
    button.textContent = text("Copied");
    setTimeout(() => (button.textContent = text("Copy")), 2000);
    announce(text("Copied {id}", { id }));
  }

  const plainNumber = /^-?\d+(?:[.,]\d+)*$/; // a negative number is not a formula
  function csvCell(value) {
    let cell = value === null || value === undefined ? "" : String(value);
    if (/^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(cell) && !plainNumber.test(cell)) cell = `'${cell}`;
    return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  }

  function csv() {
    const head = [
      "customer_id", "company_name", "domain", "verdict", "status", "reason", "last_update", "days_in_status", "evidence",
      "request_id", "owner", "source_file", "source_row", "raw_id", "change", "since", "days", "times_blocked",
      ...data.own.map(([name]) => name),
    ];
    const lines = matches.map((row) => [
      hasNoId(row) ? "" : row.id, row.name, row.domain, row.verdict, row.status, row.reason, isoDate(row.last), row.daysInStatus, row.evidence,
      row.request, row.owner, row.file, row.line, hasNoId(row) ? row.id : "", row.change, isoDate(row.begun), row.days, row.times, ...row.own,
    ]);
    return [head, ...lines].map((values) => `${values.map(csvCell).join(",")}\r\n`).join("");
  }

  function save() {
    // spreadsheets know UTF-8 by the byte-order mark
    const href = URL.createObjectURL(new Blob(["\ufeff", csv()], { type: "text/csv" }));
    element("a", { href, download: data.file }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
    announce(text("{n} customers saved as {file}", { n: formatNumber(matches.length), file: data.file }));
  }

  function collapse(table) {
    const limit = table.classList.contains("grouped") ? 12 : matchMedia("(max-width: 46rem)").matches ? 11 : 26;
    if (!table.querySelector(`tbody tr:nth-child(${limit})`)) return;
    const button = element("button", { type: "button", className: "opener" });
    const toggle = (open) => {
      table.classList.toggle("open", open);
      button.setAttribute("aria-expanded", String(open));
      button.textContent = open
        ? text("Show fewer")
        : text("Show all {n}", { n: formatNumber(table.querySelectorAll("tbody tr:not(.g)").length) });
    };
    table.classList.add("long");
    toggle(false);
    button.addEventListener("click", () => toggle(button.getAttribute("aria-expanded") === "false"));
    table.after(button);
  }

  function openInNewTab(within) {
    for (const link of within.querySelectorAll('a[href^="http"]')) Object.assign(link, { target: "_blank", rel: "noopener" });
  }

  /* ---- start ---- */

  function addListeners() {
    byId("search").addEventListener("input", (event) => {
      view.words = normalize(event.target.value).split(/\s+/).filter(Boolean);
      update();
    });
    byId("size").addEventListener("change", (event) => {
      view.size = Number(event.target.value);
      view.from = 0;
      show();
    });
    byId("clear").addEventListener("click", clear);
    byId("save").addEventListener("click", save);
    for (const [id, direction] of [["previous", -1], ["next", 1]])
      byId(id).addEventListener("click", () => {
        view.from = Math.max(0, view.from + direction * view.size);
        show();
        byId("every").scrollIntoView({ block: "start" });
      });
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button.copy, button[data-key], a[data-owner]");
      if (!button) return;
      if (button.className === "copy") copy(button);
      else if (button.dataset.key) sortBy(button);
      else {
        clear();
        setFilter("owner", button.dataset.owner, true);
      }
    });
    addEventListener("beforeprint", beforePrint);
    addEventListener("afterprint", afterPrint);
    addEventListener("hashchange", unfold);
  }

  let onScreen = null; // what the screen had before paper was made
  function beforePrint() { // paper has no pages to turn, and nothing that unfolds
    const folded = document.querySelectorAll("details:not([open])");
    onScreen = { from: view.from, size: view.size, folded };
    Object.assign(view, { from: 0, size: Infinity });
    for (const details of folded) if (!details.closest(".tools")) details.open = true;
    show();
  }

  function afterPrint() {
    const { from, size, folded } = onScreen;
    Object.assign(view, { from, size });
    for (const details of folded) details.open = false;
    show();
  }

  function unfold() { // where a link leads
    const details = location.hash && byId(location.hash.slice(1))?.closest("details");
    if (details) details.open = true;
  }

  document.addEventListener("DOMContentLoaded", () => {
    try {
      read();
      addChips("verdict", data.verdicts);
      addChips("reason", []);
      addChips("owner", []);
      for (const code of document.querySelectorAll(".cases code, #undetermined code, #changed code, #uncompared code")) addCopyButton(code);
      openInNewTab(document);
      document.querySelectorAll(".cases, #changed, #uncompared, #undetermined").forEach(collapse);
      addListeners();
      update();
      byId("listed").remove();
      unfold();
      setTimeout(() => rows.forEach(searchText)); // so that the first search is as fast as the others
    } catch (error) { // show the tables instead
      root.classList.remove("js");
      throw error;
    }
  });
  root.classList.add("js");
})();
