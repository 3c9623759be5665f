"use strict";
// Searches the entries of this digest. What members wrote becomes text, never markup.

const MOST = 50; // results that are shown
const PAUSE = 200; // milliseconds after a key, until results are told
const KIND = 0; // the columns of an entry
const TEXT = 1;
const PLACE = 2;
const PAGE = 3;

const parts = new Intl.Segmenter(undefined, { granularity: "word" });

function folded(word) {
  return word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

function indexed(entries) {
  const index = new MiniSearch({
    fields: ["text", "place"],
    extractField: (id, field) => (field === "id" ? id : entries[id][field === "text" ? TEXT : PLACE]),
    tokenize: (text) => Array.from(parts.segment(text)).filter((part) => part.isWordLike).map((part) => part.segment),
    processTerm: folded,
    searchOptions: {
      boost: { text: 2 },
      boostDocument: (id) => (["Quote", "Answer"].includes(entries[id][KIND]) ? 1 : 2), // that is, of a statement
      combineWith: "AND",
      prefix: (term) => term.length > 1,
      fuzzy: (term) => (term.length > 4 ? 0.2 : false),
    },
  });
  index.addAll(Array.from(entries.keys()));
  return index;
}

function element(name, className, ...children) {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
}

// Returns a text in which the words that were found are marked.
function marked(text, found) {
  return Array.from(parts.segment(text), (part) =>
    found.has(folded(part.segment)) ? element("mark", "", part.segment) : part.segment,
  );
}

function result([kind, text, place, page], found) {
  const link = element("a", "", ...marked(text, found));
  link.href = page;
  return element(
    "li",
    "",
    element("p", "kind", kind),
    element("p", "hit", link),
    element("p", "meta", ...marked(place, found)),
  );
}

function told(query, n) {
  if (!query) return "";
  if (!n) return "Nothing found. Try fewer words, or the beginning of one.";
  return (n === 1 ? "1 result" : `${n} results`) + (n > MOST ? `, the best ${MOST} of them shown` : "");
}

const index = indexed(ENTRIES);
const field = document.getElementById("query");
const list = document.getElementById("results");
const count = document.getElementById("count");

function show() {
  const query = field.value.trim();
  const hits = query ? index.search(query) : [];
  list.replaceChildren(...hits.slice(0, MOST).map((hit) => result(ENTRIES[hit.id], new Set(hit.terms))));
  count.textContent = told(query, hits.length);
  // So that whoever follows a result comes back to it.
  history.replaceState(null, "", query ? `#q=${encodeURIComponent(query)}` : location.pathname);
}

function asked() {
  const from = (text) => new URLSearchParams(text.slice(1)).get("q");
  return from(location.hash) ?? from(location.search) ?? "";
}

function start() {
  field.value = asked();
  show();
}

let waiting;
field.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(show, PAUSE);
});
addEventListener("hashchange", start);
document.getElementById("search").hidden = false;
start();
field.focus();
