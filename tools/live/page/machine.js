// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine: v86, restored from the saved state; the terminal on its first
 * serial port, and lesson, which takes the steps, on its second. All of it is
 * loaded when the machine is started, and not before.
 */
"use strict";

const machine = {
	emulator: null,
	terminal: null,
	starting: null,
	seconds: {},		/* after the click: fetched, restored, prompt */
	answers: [],		/* who waits for an answer of lesson */
};

// By file:// a page can fetch nothing: there, the files are in embedded.js.
const embedded = location.protocol === "file:";

function load_script(name) {
	return new Promise((resolve, reject) => {
		const script = document.createElement("script");
		script.src = name;
		script.onload = resolve;
		script.onerror = () => reject(new Error(`${name} is missing: build the page with "make live"`));
		document.head.append(script);
	});
}

async function load_file(name) {
	if (embedded) {
		if (!window.embedded_files)
			await load_script("embedded.js");
		return Uint8Array.from(atob(window.embedded_files[name]), c => c.charCodeAt(0)).buffer;
	}
	const answer = await fetch(name);
	if (!answer.ok)
		throw new Error(`${name}: ${answer.status} ${answer.statusText}`);
	return answer.arrayBuffer();
}

async function load_wasm() {
	const packed = new Blob([await load_file("v86.wasm.gz")]);
	return new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

function check_browser() {
	if (typeof WebAssembly !== "object")
		throw new Error("this browser has no WebAssembly, which the emulated PC is made of");
	if (typeof DecompressionStream !== "function")
		throw new Error("this browser has no DecompressionStream: use one of 2023 or later");
}

function open_terminal() {
	const small = matchMedia("(max-width: 50rem)").matches;
	const terminal = new Terminal({ cols: 80, rows: 24, fontSize: small ? 11 : 14, screenReaderMode: true });

	terminal.open(document.getElementById("terminal"));
	terminal.onData(text => machine.emulator.serial0_send(text));
	terminal.attachCustomKeyEventHandler(event => {
		if (event.type === "keydown" && event.key === "F6")
			document.getElementById("open-terminal").focus();
		return event.key !== "F6";
	});
	machine.terminal = terminal;
}

// The restored shell prints nothing until a key arrives.
function listen(began) {
	const decoder = new TextDecoder();
	let line = [];
	let shown = "";

	return new Promise(resolve => {
		machine.emulator.add_listener("serial0-output-byte", byte => {
			machine.terminal.write(new Uint8Array([byte]));
			if (machine.seconds.prompt)
				return;
			shown += String.fromCharCode(byte);
			if (shown.includes("# ")) {
				machine.seconds.prompt = (performance.now() - began) / 1000;
				resolve();
			}
		});
		machine.emulator.add_listener("serial1-output-byte", byte => {
			if (byte !== 10) {
				line.push(byte);
				return;
			}
			const text = decoder.decode(new Uint8Array(line));
			line = [];
			const waiting = machine.answers.shift();
			if (waiting)
				waiting(text);
		});
		machine.emulator.add_listener("emulator-started", () => {
			machine.seconds.restored = (performance.now() - began) / 1000;
			machine.emulator.serial0_send("\n");
		});
	});
}

async function boot() {
	const began = performance.now();
	check_browser();
	const files = [load_file("state.zst"), load_wasm(), load_script("xterm.js"), load_script("libv86.js")];
	const [state, wasm] = await Promise.all(files);
	machine.seconds.fetched = (performance.now() - began) / 1000;

	open_terminal();
	machine.emulator = new V86({
		...MACHINE,
		wasm_fn: async imports => (await WebAssembly.instantiate(wasm, imports)).instance.exports,
		initial_state: { buffer: state },
		autostart: true,
	});
	await listen(began);
}

/* Starts the machine, once; rejects with what is wrong. */
function start_machine() {
	if (!machine.starting)
		machine.starting = boot();
	return machine.starting;
}

/* Takes a step: resolves with what lesson tells, parsed. */
async function take_step(name, strategy, module) {
	await start_machine();
	const answer = new Promise((resolve, reject) => {
		const timer = setTimeout(() => reject(new Error("the machine does not answer")), 60e3);
		machine.answers.push(text => {
			clearTimeout(timer);
			resolve(JSON.parse(text));
		});
	});
	machine.emulator.serial_send_bytes(1, new TextEncoder().encode(`${name} ${strategy} ${module}\n`));
	return answer;
}
