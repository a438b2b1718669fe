// Draws a grid of buttons, blocks from left to right and levels from bottom to top, and reports the structure that a
// press asks for. The buttons stay when the data change, so that the focus stays where it is. One of them is in the tab
// order; arrow keys move among them.
export default function ({ data, parentElement, setTriggerValue }) {
  const editor = parentElement.querySelector(".editor");
  const blocks = data.cells.length;
  const levels = data.cells[0].length;
  const shape = `${blocks}x${levels}`;
  if (editor.dataset.shape !== shape) build(editor, blocks, levels, shape);
  editor.style.setProperty("--own", "#D55E00");
  parentElement.querySelector(".status").textContent = data.status;

  for (let block = 0; block < blocks; block++) {
    const own = data.chosen[block];
    const now = data.current[block];
    const head = editor.querySelector(`[data-head="${block}"]`);
    head.textContent = now === own ? `${block}` : `${block}*`;
    head.classList.toggle("forced-head", now !== own);
    for (let level = 0; level < levels; level++) {
      const { share, color } = data.cells[block][level];
      const button = at(editor, block, level);
      const percent = `${(100 * share).toFixed(share < 0.1 && share >= 0.001 ? 1 : 0)}`;
      button.textContent = percent;
      button.style.background = color;
      button.style.color = isLight(color) ? "#000" : "#FFF";
      button.className = "cell";
      button.classList.toggle("chosen", level === own);
      button.classList.toggle("forced", level === now && level !== own);
      button.classList.toggle("now", level === now);
      button.setAttribute("aria-pressed", String(level === now));
      const state = level === own ? ", the network's own choice" : level === now ? ", forced" : "";
      const label = `Block ${block}, level ${level}, probability ${percent} %${state}`;
      button.setAttribute("aria-label", label);
      button.title = label;
      button.onclick = () => {
        tabTo(editor, button);
        const asked = [...data.current];
        asked[block] = level;
        // Shown at once; the answer and the numbers follow from Python.
        for (let other = 0; other < levels; other++) at(editor, block, other).classList.toggle("now", other === level);
        setTriggerValue("forced", asked.join(""));
      };
    }
  }
}

function build(editor, blocks, levels, shape) {
  editor.dataset.shape = shape;
  editor.setAttribute("role", "group");
  editor.setAttribute("aria-label", "Levels of all blocks; arrow keys move, Enter forces a level");
  editor.style.gridTemplateColumns = `4rem repeat(${blocks}, minmax(1.7rem, 1fr))`;
  const parts = [];
  for (let level = levels - 1; level >= 0; level--) {
    parts.push(text(`Level ${level}`, "head side"));
    for (let block = 0; block < blocks; block++) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.block = block;
      button.dataset.level = level;
      button.tabIndex = block === 0 && level === levels - 1 ? 0 : -1;
      button.onkeydown = (event) => move(event, editor, block, level);
      parts.push(button);
    }
  }
  parts.push(text("Block", "head side"));
  for (let block = 0; block < blocks; block++) {
    const head = text(`${block}`, "head");
    head.dataset.head = block;
    parts.push(head);
  }
  editor.replaceChildren(...parts);
}

function text(content, name) {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = content;
  return element;
}

function at(editor, block, level) {
  return editor.querySelector(`button[data-block="${block}"][data-level="${level}"]`);
}

function tabTo(editor, button) {
  for (const other of editor.querySelectorAll("button")) other.tabIndex = -1;
  button.tabIndex = 0;
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function move(event, editor, block, level) {
  const step = STEPS[event.key];
  if (!step) return;
  const next = at(editor, block + step[0], level + step[1]);
  if (!next) return;
  event.preventDefault();
  tabTo(editor, next);
  next.focus();
}

// Whether black text stands out better than white on a colour such as rgb(68, 1, 84).
function isLight(color) {
  const [red, green, blue] = color.match(/\d+/g).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140;
}
