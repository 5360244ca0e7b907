// SPDX-License-Identifier: GPL-2.0-only
// A button at each code block that copies it. From a console block it copies the
// commands: the lines that begin with the block's own prompt, and those that
// continue one, without the prompt.
"use strict";

function commands(pre) {
	const text = pre.innerText.trimEnd();

	if (!pre.closest(".highlight-console"))
		return text;

	const prompt = text.trimStart().slice(0, 2);

	return text.split("\n")
		.filter(line => line.startsWith(prompt) || line.startsWith("> "))
		.map(line => line.slice(2)).join("\n");
}

document.addEventListener("DOMContentLoaded", () => {
	if (!navigator.clipboard)
		return;

	for (const pre of document.querySelectorAll("article div.highlight > pre")) {
		const button = document.createElement("button");

		button.className = "copy";
		button.type = "button";
		button.textContent = "copy";
		button.addEventListener("click", async () => {
			await navigator.clipboard.writeText(commands(pre));
			button.textContent = "copied";
			setTimeout(() => button.textContent = "copy", 2000);
		});
		pre.parentElement.append(button);
	}
});

// The matrix folds away where all columns agree; a box above its tables unfolds it.
document.addEventListener("DOMContentLoaded", () => {
	const table = document.querySelector("table.matrix");

	if (!table)
		return;

	const label = document.createElement("label");
	const box = document.createElement("input");

	label.className = "differences";
	box.type = "checkbox";
	box.checked = true;
	box.addEventListener("change", () => {
		for (const fold of document.querySelectorAll("article details"))
			fold.open = !box.checked;
	});
	label.append(box, " show only differences");
	table.closest("section").before(label);
});

// What is wider than its box is scrolled with the keyboard too, in every browser.
for (const event of ["load", "resize"])
	window.addEventListener(event, () => {
		for (const box of document.querySelectorAll("article pre, .table-wrapper"))
			if (box.scrollWidth > box.clientWidth)
				box.tabIndex = 0;
	});

// What is folded away on the screen is printed, and dark colours are not: on white
// paper they are too pale to read.
let theme;

window.addEventListener("beforeprint", () => {
	for (const box of document.querySelectorAll("details"))
		box.open = true;
	theme = document.body.dataset.theme;
	document.body.dataset.theme = "light";
});

window.addEventListener("afterprint", () => {
	document.body.dataset.theme = theme;
});
