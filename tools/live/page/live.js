// SPDX-License-Identifier: GPL-2.0-only
/* The page: the steps, what they showed, and what is said when something fails. */
"use strict";

const by_id = id => document.getElementById(id);
const stage = by_id("stage");
const main = document.querySelector("main");
const narrow = matchMedia("(max-width: 59.99rem)");
const book = location.pathname.includes("/build/live/") ? "../docs/html/" : "../";
const shown = { data: null, after: true };

function make(name, attributes, ...children) {
	const element = document.createElement(name);

	Object.assign(element, attributes);
	element.append(...children);
	return element;
}

function trouble(error) {
	by_id("trouble").hidden = false;
	by_id("trouble").textContent = `It does not work here: ${error.message}.` +
		(error instanceof RangeError ? " The emulated PC needs about 300 MB of memory." : "") +
		" The book tells the same story without it: make demo shows it in a terminal.";
	by_id("status").textContent = "The machine is not running.";
}

function draw() {
	const { data, after } = shown;

	if (!data)
		return;
	const width = Math.max(300, Math.min(620, by_id("shown").clientWidth));
	const figures = [];
	if (!after && data.before)
		figures.push(draw_picture(data.before, null, "The process, before", width));
	if (after && data.after)
		figures.push(draw_picture(data.after, data.before, "The process", width));
	if (after && data.child)
		figures.push(draw_picture(data.child, null, "Its child", width));
	by_id("pictures").replaceChildren(...figures);
	by_id("show-before").setAttribute("aria-pressed", !after);
	by_id("show-after").setAttribute("aria-pressed", after);
	draw_trace(by_id("trace"), data);
}

function show_calls(list, data) {
	const bad = /^(E[A-Z]+|SIG)/;
	const calls = data.actions.length ? data.actions : data.setup;

	list.replaceChildren(...calls.map(action => make("li", {},
		`${action.call} = `, make("span", { className: "result" + (bad.test(action.result) ? " bad" : ""),
			textContent: action.result }))));
	if (data.end !== "alive")
		list.append(make("li", { className: "bad end", textContent: `The process was killed by ${data.end}.` }));
}

// Which choice is right, the kernel has decided; on another strategy none need be.
function judge(step, panel, data, usual) {
	step.choices.forEach(([, holds], i) => {
		const label = panel.choices[i];
		const right = usual && holds(data);

		label.classList.toggle("right", right);
		label.classList.toggle("wrong", usual && !right && label.querySelector("input").checked);
	});
	panel.why.hidden = !usual;
}

async function run(step, panel) {
	const strategy = panel.strategy.value;
	const module = panel.module.value;

	panel.run.disabled = true;
	place(panel.details);
	by_id("status").textContent = machine.seconds.prompt ? "Running." : "Loading the machine.";
	try {
		const data = await take_step(step.name, strategy, module);

		if (data.error)
			throw new Error(data.error);
		shown.data = data;
		show_machine();
		shown.after = true;
		by_id("shown").hidden = false;
		show_calls(panel.calls, data);
		judge(step, panel, data, strategy === step.strategy && module === "maps");
		draw();
		panel.details.dataset.ran = data.strategy;
	} catch (error) {
		trouble(error);
	}
	panel.run.disabled = false;
}

function show_machine() {
	by_id("status").textContent = `Linux ${shown.data ? shown.data.kernel : ""} runs in this page; it was ready ` +
		`${machine.seconds.prompt.toFixed(1)} s after the click.`;
	by_id("open-terminal").textContent = "Go to the terminal";
}

// On a narrow screen the picture belongs below the step that was run.
function place(details) {
	if (narrow.matches && details)
		details.querySelector(".body").append(stage);
	else
		main.append(stage);
}

function panel_of(step, nr) {
	const name = `choice-${step.name}`;
	const panel = {
		run: make("button", { type: "button", className: "run", textContent: "Run this step" }),
		strategy: make("select", { ariaLabel: "The driver's strategy" },
			...STRATEGIES.map(s => make("option", { value: s, textContent: s, selected: s === step.strategy }))),
		module: make("select", { ariaLabel: "The module" },
			...MODULES.map(([value, textContent]) => make("option", { value, textContent }))),
		calls: make("ul", { className: "calls" }),
		why: make("p", { innerHTML: step.why, hidden: true, className: "why" }),
		choices: step.choices.map(([text], i) => make("label", { className: "choice" },
			make("input", { type: "radio", name, value: i }), ` ${text}`)),
	};
	const chapter = make("a", { href: `${book}${step.chapter}.html`, textContent: "the chapter" });
	const next = STEPS[nr + 1] && make("a", { href: `#${STEPS[nr + 1].name}`, textContent: "the next step" });

	panel.details = make("details", { id: step.name, name: "step" },
		make("summary", { textContent: `${nr + 1}. ${step.title}` }),
		make("div", { className: "body" },
			make("p", { innerHTML: step.story }),
			make("fieldset", {}, make("legend", { textContent: "Predict:" }), ...panel.choices),
			make("p", { className: "controls" }, panel.run, make("label", {}, "on ", panel.strategy), panel.module),
			panel.calls, panel.why,
			make("p", { className: "fine" }, "Go to ", chapter, ...(next ? [" or ", next] : []), ".")));
	panel.run.onclick = () => run(step, panel);
	return panel;
}

function open_step() {
	const details = by_id(location.hash.slice(1)) || by_id(STEPS[0].name);

	if (details.matches("details")) {
		details.open = true;
		if (location.hash)
			details.scrollIntoView({ block: "start" });
	}
}

by_id("story").append(...STEPS.map((step, nr) => panel_of(step, nr).details));
by_id("size").textContent = typeof SIZE === "string" ? ` (${SIZE})` : "";
by_id("show-before").onclick = () => { shown.after = false; draw(); };
by_id("show-after").onclick = () => { shown.after = true; draw(); };
by_id("open-terminal").onclick = async () => {
	by_id("status").textContent = "Loading the machine.";
	try {
		await start_machine();
		show_machine();
		machine.terminal.focus();
	} catch (error) {
		trouble(error);
	}
};
narrow.onchange = () => { place(document.querySelector("#story details[open]")); draw(); };
addEventListener("resize", draw);
addEventListener("hashchange", open_step);
open_step();
