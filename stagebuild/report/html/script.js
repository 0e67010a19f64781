"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const tools = byId("tools"), search = byId("search"), found = byId("found");

  const copy = async (button) => {
    const code = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      if (!document.execCommand("copy")) return;
    }
    button.textContent = "Copied";
    found.textContent = button.getAttribute("aria-label").replace("Copy: ", "Copied: ");
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
  for (const button of all(".copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }

  const details = all(".stage, .log");
  const before = new Map(details.map((each) => [each, each.open]));
  const logs = new Map(all(".log pre").map((pre) => [pre, pre.textContent]));
  const items = all(".stage .steps > li").map((item) => {
    const pre = item.querySelector(".log pre");
    return { item, pre, row: item.querySelector(".row").textContent.toLowerCase(),
      log: pre ? logs.get(pre).toLowerCase() : "" };
  });

  const marked = (pre, wanted) => {
    const text = logs.get(pre), lower = text.toLowerCase();
    const parts = document.createDocumentFragment();
    let at = 0, hits = 0;
    for (let hit; (hit = lower.indexOf(wanted, at)) >= 0 && hits < 500; at = hit + wanted.length) {
      const mark = document.createElement("mark");
      mark.textContent = text.slice(hit, hit + wanted.length);
      parts.append(text.slice(at, hit), mark);
      hits += 1;
    }
    parts.append(text.slice(at));
    pre.replaceChildren(parts);
    return hits;
  };

  const reset = () => {
    for (const { item, pre } of items) {
      item.hidden = false;
      if (pre && pre.firstElementChild) pre.textContent = logs.get(pre);
    }
    for (const stage of all(".stage")) stage.hidden = false;
  };

  const run = () => {
    const wanted = search.value.trim().toLowerCase();
    reset();
    if (!wanted) {
      for (const [each, open] of before) each.open = open;
      found.textContent = "";
      return;
    }
    let steps = 0, hits = 0, first = null;
    for (const { item, pre, row, log } of items) {
      const inLog = log.includes(wanted);
      item.hidden = !inLog && !row.includes(wanted);
      if (item.hidden) continue;
      steps += 1;
      first ??= item;
      item.closest(".stage").open = true;
      if (pre) {
        pre.closest(".log").open = inLog;
        if (inLog) hits += marked(pre, wanted);
      }
    }
    for (const stage of all(".stage")) stage.hidden = !stage.querySelector(".steps > li:not([hidden])");
    const lines = hits === 1 ? "1 place" : `${hits} places`;
    found.textContent = steps === 0 ? "No step and no log has it."
      : `${steps === 1 ? "1 step" : `${steps} steps`}, ${lines} in logs.`;
    search.first = first;
  };
  let pending;
  search.addEventListener("input", () => { clearTimeout(pending); pending = setTimeout(run, 150); });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { search.value = ""; run(); }
    if (event.key === "Enter") { clearTimeout(pending); run(); search.first?.scrollIntoView(); }
  });
  byId("open").addEventListener("click", () => { for (const each of details) each.open = true; });
  byId("close").addEventListener("click", () => { for (const each of details) each.open = false; });
  tools.hidden = false;
})();
