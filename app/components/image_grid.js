// Draws data.items as buttons and reports the id of the one that is pressed. All text is set as text, never as HTML.
export default function ({ data, parentElement, setTriggerValue }) {
  const grid = parentElement.querySelector(".grid");
  grid.style.setProperty("--side", `${data.side}px`);
  grid.replaceChildren(...data.items.map((item) => tile(item, data, setTriggerValue)));
}

function tile(item, data, setTriggerValue) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tile";
  button.title = item.alt;
  button.setAttribute("aria-label", `${item.alt}. ${data.action}`);
  if (item.current) button.setAttribute("aria-current", "true");
  button.onclick = () => setTriggerValue("pressed", item.id);
  button.append(picture(item));
  button.append(item.early ? word("early") : strip(item.strip, data.colors));
  for (const text of item.lines) {
    const line = document.createElement("span");
    line.className = "line";
    line.textContent = text;
    button.append(line);
  }
  return button;
}

function picture(item) {
  const frame = document.createElement("span");
  frame.className = "picture";
  const inner = document.createElement(item.src ? "img" : "span");
  if (item.src) {
    inner.src = item.src;
    inner.alt = "";
  } else {
    inner.className = "none";
    inner.textContent = "no picture";
  }
  frame.append(inner);
  return frame;
}

// In the place of the strip, where no block ran.
function word(text) {
  const place = document.createElement("span");
  place.className = "early";
  place.textContent = text;
  return place;
}

// The structure as one coloured cell per block.
function strip(levels, colors) {
  const bar = document.createElement("span");
  bar.className = "strip";
  for (const level of levels) {
    const cell = document.createElement("span");
    cell.style.background = colors[level];
    bar.append(cell);
  }
  return bar;
}
